"""Write `copier.yml` from `cookiecutter.json`, the only list of questions and choices.

`python tools/copier_yml.py` writes it; `--check` exits with 1 when it is out of date.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "{{cookiecutter.__folder}}"
STAGE = ".cookiecutter-mlops"

HEAD = """\
# Generated from cookiecutter.json by `make copier.yml`: edit that file.
#
# Copier renders into a hidden staging folder; the one task lays base and chosen options over the
# project from there, so that a refusal has touched no file of the user's.
_min_copier_version: "9.19"
_subdirectory: "."
_exclude: ["*", "!/{stage}", "!/{stage}/**"]
_templates_suffix: ""
_envops: {{trim_blocks: true, lstrip_blocks: true, keep_trailing_newline: true}}
_tasks:
  - ["{{{{ _copier_python }}}}", "{stage}/_template_options/assemble.py", "{{{{ _copier_operation }}}}"]
"""

TEXT = (
    "{{% if '{{' in {name} or '}}' in {name} %}}braces would be read as part of the template"
    "{{% elif not {name}.strip() %}}must not be empty{{% endif %}}"
)
PACKAGE = (
    "{% set bad = namespace(is=not package_name or package_name|length > 30"
    " or package_name[0] not in 'abcdefghijklmnopqrstuvwxyz') %}"
    "{% for c in package_name if c not in 'abcdefghijklmnopqrstuvwxyz0123456789_' %}"
    "{% set bad.is = true %}{% endfor %}"
    "{% if bad.is %}use 1 to 30 of a-z, 0-9 and _, and start with a letter{% endif %}"
)


def copier_yml(source: dict) -> str:
    """Return the text of `copier.yml` for the questions of `source`."""
    prompts = source["__prompts__"]
    blocks = [HEAD.format(stage=STAGE)]
    for name, default in source.items():
        if not name.startswith("_"):
            blocks.append(_question(name, default, prompts[name]))
    blocks.append(_hidden(source))
    return "\n".join(blocks)


def _question(name: str, default: str | list[str], prompt: str | dict[str, str]) -> str:
    lines = [f"{name}:", "  type: str"]
    if isinstance(default, list):
        lines += [f"  help: {_quoted(prompt['__prompt__'])}", "  choices:"]
        lines += [f"    {_quoted(prompt[choice])}: {_quoted(choice)}" for choice in default]
        lines += [f"  default: {_quoted(default[0])}"]
    else:
        validator = PACKAGE if name == "package_name" else TEXT.format(name=name)
        lines += [
            f"  help: {_quoted(prompt)}",
            f"  default: {_quoted(default.replace('cookiecutter.', ''))}",
            f"  validator: {_quoted(validator)}",
        ]
    return "\n".join(lines) + "\n"


def _hidden(source: dict) -> str:
    """Give templates the `cookiecutter.` names; hidden, so it is not in the answers file."""
    private = {
        name: value
        for name, value in source.items()
        if name.startswith("_") and not name.startswith("__") and name != "_jinja2_env_vars"
    }
    private["_options"] = f"{FOLDER}/_template_options"
    values = ", ".join(f"{name}={json.dumps(value)}" for name, value in private.items())
    default = "{{ dict(_copier_answers, __folder=" + json.dumps(STAGE) + f", {values}) | to_json }}}}"
    return f"cookiecutter:\n  type: yaml\n  when: false\n  default: {_quoted(default)}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main() -> int:
    """Write the file, or say with `--check` whether it is as it should be."""
    path = ROOT / "copier.yml"
    wanted = copier_yml(json.loads((ROOT / "cookiecutter.json").read_text()))
    if "--check" not in sys.argv[1:]:
        path.write_text(wanted)
    elif path.read_text() != wanted:
        print("copier.yml is out of date: make copier.yml")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
