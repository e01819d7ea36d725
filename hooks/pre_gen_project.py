"""Refuse answers that would break the project, before a single file is rendered."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

answers = json.loads({{cookiecutter | jsonify | tojson}})


def refusals() -> Iterator[str]:
    """Hold the answers against the rules of cookiecutter.json; Copier does so while it asks."""
    for name, (pattern, wanted) in answers["_rules"].items():
        if not re.fullmatch(pattern, answers[name]):
            yield f"{name} is {answers[name]!a}: must be {wanted}"
    if there := sorted(path.name for path in Path().iterdir() if path.name != ".git"):
        yield f"the folder holds {there[0]} already; take an empty one, or update"


if reasons := list(refusals()):
    sys.exit("\n".join(f"Refused: {reason}." for reason in reasons))
