"""Lay the chosen option folders over the project and remove this staging folder.

cookiecutter and cruft run it in the finished project, where the base files lie already. Copier
renders into a hidden folder and runs it with the project's folder as target, so that a refusal
has touched nothing.
"""

import json
import keyword
import re
import shutil
import sys
import tomllib
from pathlib import Path

OPTIONS = Path(__file__).resolve().parent
STAGE = OPTIONS.parent
# Import names that differ from the name of the distribution that brings them, and folders.
TAKEN = {"docs", "sklearn", "src", "tests", "yaml"}


def plan(choices: dict[str, str]) -> dict[Path, Path]:
    """Map each path of the project to the staged file that fills it: the base, then each choice."""
    folders = [OPTIONS / question / choice for question, choice in choices.items()]
    files = {path.relative_to(STAGE): path for path in _files(STAGE) if OPTIONS not in path.parents}
    for folder in folders:
        for path in _files(folder):
            relative = path.relative_to(folder)
            if relative.parts[0] == "_parts":
                continue
            if relative in files:
                sys.exit(f"Two chosen folders hold {relative}: {files[relative]} and {path}")
            files[relative] = path
    return files


def answers_file(target: Path) -> dict[Path, Path]:
    """Copier's own record, which it would otherwise put into the project before any refusal."""
    return {Path(".copier-answers.yml"): OPTIONS / "copier-answers.yml"} if target != STAGE else {}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def refusals(answers: dict, files: dict[Path, Path], target: Path, updating: bool) -> list[str]:
    """Say why these answers cannot become a project here; an empty list means that they can."""
    package, choices = answers["package_name"], answers["choices"] | answers["other_choices"]
    project = tomllib.loads((STAGE / "pyproject.toml").read_text())
    requirements = sum(project["dependency-groups"].values(), project["project"]["dependencies"])
    dependencies = {re.split(r"[^\w.-]", line)[0].lower().replace("-", "_") for line in requirements}
    reasons = []
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        reasons.append(f"package_name {package!r} is a keyword of Python")
    if package in sys.stdlib_module_names:
        reasons.append(f"package_name {package!r} is a module of Python's standard library")
    if package in dependencies | TAKEN:
        reasons.append(f"package_name {package!r} is taken by a dependency or a folder")
    for pair in answers["unsupported"]:
        if all(choices.get(question) == choice for question, choice in pair["choices"].items()):
            reasons.append(", ".join(f"{q}={c}" for q, c in pair["choices"].items()) + f": {pair['reason']}")
    if not updating and target != STAGE and (there := [str(f) for f in files if (target / f).exists()]):
        reasons.append(f"the folder already holds {', '.join(there[:5])}; take an empty one")
    return reasons


def main(target: Path, updating: bool) -> None:
    answers = json.loads((OPTIONS / "answers.json").read_text())
    files = plan(answers["choices"]) | answers_file(target)
    if reasons := refusals(answers, files, target, updating):
        if target != STAGE:
            shutil.rmtree(STAGE)
        sys.exit("\n".join(f"Refused: {reason}." for reason in reasons))
    for relative, source in files.items():
        destination = target / relative
        if destination != source:
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, destination)
    shutil.rmtree(OPTIONS if target == STAGE else STAGE)
    print(f"\n{answers['project_name']} is ready. Next:\n  cd {target.name}\n  make setup pipeline serve\n")


if __name__ == "__main__":
    main(Path.cwd().resolve(), updating="update" in sys.argv[1:])
