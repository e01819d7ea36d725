"""Lay the chosen option folders over the project and remove this staging folder.

cookiecutter and cruft run it in the finished project, where the base files lie already. Copier
renders into a hidden folder and runs it with the project's folder as target, so that a refusal
has touched nothing.
"""

import json
import keyword
import shutil
import sys
from pathlib import Path
from typing import Any

OPTIONS = Path(__file__).resolve().parent
STAGE = OPTIONS.parent
# Folders of the project, and import names that are not their distribution's name.
TAKEN = {"data", "docs", "models", "reports", "sklearn", "src", "tests", "yaml"}


def plan(choices: dict[str, str]) -> dict[Path, Path]:
    """Map each path of the project to the staged file that fills it: the base, then each choice."""
    files = {path.relative_to(STAGE): path for path in _files(STAGE) if OPTIONS not in path.parents}
    for folder in _chosen(choices):
        for path in _files(folder):
            relative = path.relative_to(folder)
            if relative.parts[0] in {"_parts", "_with"}:
                continue
            if relative in files:
                sys.exit(f"Two chosen folders hold {relative}: {files[relative]} and {path}")
            files[relative] = path
    return files


def _chosen(choices: dict[str, str]) -> list[Path]:
    """Give the folder of each choice, then what they hold for one another."""
    folders = [OPTIONS / question / choice for question, choice in choices.items()]
    pairs = [folder / "_with" / q / choice for folder in folders for q, choice in choices.items()]
    return folders + pairs


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def refusals(answers: dict[str, Any], target: Path, updating: bool) -> list[str]:
    """Say why these answers cannot become a project here; an empty list means that they can."""
    package, choices = answers["package_name"], answers["choices"]
    reasons = []
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        reasons.append(f"package_name {package!r} is a keyword of Python")
    if package in sys.stdlib_module_names:
        reasons.append(f"package_name {package!r} is a module of Python's standard library")
    if package in TAKEN | set((OPTIONS / "taken.txt").read_text(encoding="utf-8").split()):
        reasons.append(f"package_name {package!r} is taken by a dependency or a folder")
    for pair in answers["unsupported"]:
        if pair["choices"].items() <= choices.items():
            named = ", ".join(
                f"{question}={choice}" for question, choice in pair["choices"].items()
            )
            reasons.append(f"{named}: {pair['reason']}")
    if target != STAGE and not updating and (there := _foreign(target)):
        reasons.append(
            f"the folder holds {there[0]} already; take an empty one, or update: copier update"
        )
    return reasons


def _foreign(target: Path) -> list[str]:
    ours = {STAGE.name, ".git"}
    return sorted(path.name for path in target.iterdir() if path.name not in ours)


def main(target: Path, updating: bool) -> None:
    """Make the project in `target`; whatever happens, nothing staged is left there."""
    try:
        answers = json.loads((OPTIONS / "answers.json").read_text(encoding="utf-8"))
        if reasons := refusals(answers, target, updating):
            sys.exit("\n".join(f"Refused: {reason}." for reason in reasons))
        files = plan(answers["choices"])
        if target != STAGE:
            # Copier itself would put its record into the project before any refusal.
            files[Path(".copier-answers.yml")] = OPTIONS / "copier-answers.yml"
        for relative, source in files.items():
            if (target / relative) != source:
                (target / relative).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(source, target / relative)
    finally:
        shutil.rmtree(OPTIONS if target == STAGE else STAGE)
    if not updating:
        print(f"\nThe project is ready. Next:\n  cd {target.name}")
        print("  git init -b main && make setup pipeline serve\n")


if __name__ == "__main__":
    main(Path.cwd().resolve(), updating="update" in sys.argv[1:])
