"""Name the files that differ from dvc.lock, as `dvc data status --granular --json` tells them."""

import json
import sys

status = json.load(sys.stdin)
changes = status.get("uncommitted", {})
lines = [f"{kind}: {path}" for kind in sorted(changes) for path in sorted(changes[kind])]
if lines:
    lines.append("Delete them, and `make data-pull` or `make pipeline` brings them back.")
    sys.exit("\n".join(lines))
print("data and models are those of dvc.lock")
