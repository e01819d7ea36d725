#!/usr/bin/env bash
# Run a command where nothing but loopback exists, and note every address that it tries to reach:
#   cut_off.sh TRACE COMMAND...
set -euo pipefail
exec unshare --map-root-user --net bash -c '
    ip link set lo up
    exec strace --follow-forks --seccomp-bpf --quiet=all --trace=connect,sendto --output="$0" "$@"
' "$@"
