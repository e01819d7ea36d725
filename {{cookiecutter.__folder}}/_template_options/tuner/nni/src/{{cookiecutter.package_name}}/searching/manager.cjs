// Loaded into NNI's manager, a Node.js server, before its own code: what no setting of it changes.
"use strict";
const child_process = require("child_process");
const net = require("net");
const os = require("os");
const path = require("path");
const timers = require("timers/promises");

// Not for the trials.
delete process.env.NODE_OPTIONS;

// It would listen to every machine around.
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, { port, host: "127.0.0.1" }, ...rest);
};

// It would keep its list of experiments in the home folder.
const experiments = process.argv[process.argv.indexOf("--experiments-directory") + 1];
os.homedir = () => path.dirname(experiments);

// It would start the tuner with a shell, but without quotes around its path.
const { spawn } = child_process;
child_process.spawn = (command, args, options) =>
  spawn(command, args, Array.isArray(args) ? { ...options, shell: false } : options);

// It would look twice a second for a trial that has ended, and then for one to start.
const { setTimeout: wait } = timers;
timers.setTimeout = (delay, ...rest) => wait(delay === 500 ? 50 : delay, ...rest);

// It would go on when the search was killed. The group is itself, the tuner and the trials.
const search = Number(process.env.NNI_SEARCH_PID);
setInterval(() => {
  if (process.ppid !== search) {
    process.kill(-process.pid, "SIGINT");
    setTimeout(() => process.kill(-process.pid, "SIGKILL"), 5000);
  }
}, 500);
