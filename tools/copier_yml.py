"""Write `copier.yml` from `cookiecutter.json`, the only list of questions, choices and rules.

`python tools/copier_yml.py` writes it; `--check` exits with 1 when it is out of date.
"""

import json
import sys
from pathlib import Path
from typing import Any

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
_exclude: ["*", "!/STAGE", "!/STAGE/**"]
_templates_suffix: ""
_envops: {trim_blocks: true, lstrip_blocks: true, keep_trailing_newline: true}
_tasks:
  - ["{{ _copier_python }}", "STAGE/_template_options/assemble.py", "{{ _copier_operation }}"]
""".replace("STAGE", STAGE)


def copier_yml(source: dict[str, Any]) -> str:
    """Return the text of `copier.yml` for the questions of `source`."""
    blocks = [_question(name, source) for name in source if not name.startswith("_")]
    return "\n".join([HEAD, *blocks, _hidden(source)])


def _question(name: str, source: dict[str, Any]) -> str:
    default, prompt = source[name], source["__prompts__"][name]
    lines = [f"{name}:", "  type: str"]
    if isinstance(default, list):
        lines += [f"  help: {_quoted(prompt['__prompt__'])}", "  choices:"]
        lines += [f"    {_quoted(prompt[choice])}: {_quoted(choice)}" for choice in default]
        lines += [f"  default: {_quoted(default[0])}"]
        refusal = _unsupported(name, source)
    else:
        lines += [f"  help: {_quoted(prompt)}"]
        lines += [f"  default: {_quoted(default.replace('cookiecutter.', ''))}"]
        pattern, wanted = source["_rules"][name]
        whole = _quoted(f"^({pattern})\\Z")
        refusal = f"{{% if not {name}|regex_search({whole}) %}}must be {wanted}{{% endif %}}"
    return "\n".join([*lines, *([f"  validator: {_quoted(refusal)}"] if refusal else [])]) + "\n"


def _unsupported(name: str, source: dict[str, Any]) -> str:
    """Refuse a pair at the later of its questions, where both answers are known."""
    order = list(source)
    return "".join(
        "{% if "
        + " and ".join(f"{question} == {_quoted(choice)}" for question, choice in pair.items())
        + f" %}}{reason}{{% endif %}}"
        for pair, reason in ((row["choices"], row["reason"]) for row in source["_unsupported"])
        if name == max(pair, key=order.index)
    )


def _hidden(source: dict[str, Any]) -> str:
    """Give templates the `cookiecutter.` names; hidden, so it is not in the answers file."""
    private = {
        name: value
        for name, value in source.items()
        if name.startswith("_")
        and not name.startswith("__")
        and name not in {"_jinja2_env_vars", "_rules"}
    }
    private |= {"__folder": STAGE, "_options": f"{FOLDER}/_template_options"}
    values = ", ".join(f"{name}={json.dumps(value)}" for name, value in private.items())
    default = _quoted(f"{{{{ dict(_copier_answers, {values}) | to_json }}}}")
    return f"cookiecutter:\n  type: json\n  when: false\n  default: {default}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main() -> int:
    """Write the file, or say with `--check` whether it is as it should be."""
    path = ROOT / "copier.yml"
    wanted = copier_yml(json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8")))
    if "--check" not in sys.argv[1:]:
        path.write_text(wanted, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != wanted:
        print("copier.yml is out of date: make copier.yml")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
