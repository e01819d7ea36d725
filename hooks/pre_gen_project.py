"""Refuse answers that would break the project, before a single file is rendered."""

import json
import re
import sys

answers = json.loads({{cookiecutter | jsonify | tojson}})


def refusals():
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,29}", answers["package_name"]):
        yield (
            f"package_name is {answers['package_name']!r}: use 1 to 30 of a-z, 0-9 and _, "
            "and start with a letter"
        )
    for name in ("project_name", "project_description", "author_name", "author_email"):
        if "{" in answers[name] or "}" in answers[name]:
            yield f"{name} is {answers[name]!r}: braces would be read as part of the template"
        if not answers[name].strip():
            yield f"{name} is empty"


if reasons := list(refusals()):
    sys.exit("\n".join(f"Refused: {reason}." for reason in reasons))
