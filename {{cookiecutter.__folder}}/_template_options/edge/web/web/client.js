// Takes the place of the page's client.js in the site that `make edge` builds: instead of asking a
// service, it runs the model here, with ONNX Runtime Web.

/** The model cannot run, or has not arrived whole. */
export class Away extends Error {}

/** The values are refused; `place` holds the indices within the row of the one that is meant. */
export class Refused extends Error {
  constructor(place, expected, got) {
    super(`Expected ${expected}, got ${got}`);
    this.place = place;
  }
}

let opening = null;
let cache = "no-cache"; // what the browser has kept is used if the host says that it is current
let running = Promise.resolve();

/** Load and check the model, and give its schema. */
export async function fetchSchema() {
  return (await model()).about.schema;
}

/** Predict one row; resolves to the model, label, probabilities and milliseconds. */
export async function predict(row) {
  const { about, session, Tensor } = await model();
  const { input_shape: shape, classes } = about.schema;
  const inputs = new Tensor("float32", validate(row, about.schema), [1, ...shape]);
  // One after the other: two runs of a session would share its stack.
  const answer = running.then(() => run(session, inputs));
  running = answer.catch(() => {});
  const { probabilities, milliseconds } = await answer;
  const label = classes[probabilities.indexOf(Math.max(...probabilities))];
  return { model: about.id, label, probabilities, milliseconds };
}

async function run(session, inputs) {
  const start = performance.now();
  const { probabilities } = await session.run({ inputs });
  return { probabilities: [...probabilities.data], milliseconds: performance.now() - start };
}

/** Check a row as strictly as the predictor does, and give its numbers as float32. */
function validate(row, { features, input_shape: shape }) {
  const values = [];
  const walk = (value, [size, ...inner], place) => {
    if (size === undefined) {
      values.push(inRange(value, features[values.length], place));
    } else if (Array.isArray(value) && value.length === size) {
      for (const [position, part] of value.entries()) walk(part, inner, [...place, position]);
    } else {
      throw new Refused(place, `a list of ${size}`, shown(value));
    }
  };
  walk(row, shape, []);
  return Float32Array.from(values);
}

function inRange(value, { name, low, high }, place) {
  if (typeof value !== "number") throw new Refused(place, "a number", shown(value));
  const single = Math.fround(value); // the bounds of the predictor are float32 as well
  if (Math.fround(low) <= single && single <= Math.fround(high)) return single;
  throw new Refused(place, `${name}, a finite number from ${low} to ${high}`, value);
}

function shown(value) {
  return Array.isArray(value) ? `a list of ${value.length}` : (JSON.stringify(value) ?? "nothing").slice(0, 60);
}

/** The open model. What did not arrive is asked for again with the next call. */
function model() {
  opening ??= open().catch((error) => {
    if (!(error instanceof Away)) {
      throw new Away(`The model does not run in this browser: ${error.message} To try again, reload the page.`);
    }
    [opening, cache] = [null, "reload"];
    throw error;
  });
  return opening;
}

async function open() {
  const about = JSON.parse(new TextDecoder().decode(await load("model.json")));
  const bytes = await load("model.onnx");
  if ((await sha256(bytes)) !== about.sha256) {
    throw new Away("The model that arrived is not the one that was tested. This page tries again by itself.");
  }
  const { InferenceSession, Tensor, env } = await import(new URL(about.runtime, document.baseURI));
  env.wasm.numThreads = 1; // more need headers that a plain host of files does not send
  const session = await InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  return { about, session, Tensor };
}

async function load(name) {
  const whole = (response) => (response.ok ? response.arrayBuffer() : null);
  const bytes = await fetch(name, { cache }).then(whole).catch(() => null);
  if (bytes === null) throw new Away(`${name} does not arrive. This page tries again by itself.`);
  return new Uint8Array(bytes);
}

async function sha256(bytes) {
  if (!crypto.subtle) throw new Error("it can be checked only on https:// or localhost.");
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
