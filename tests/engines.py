"""The three engines as a person runs them: their command lines, with a home of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from copier_yml import copier_yml

ROOT = Path(__file__).resolve().parent.parent
SOURCE = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
CHOICES: dict[str, list[str]] = {
    name: value
    for name, value in SOURCE.items()
    if isinstance(value, list) and not name.startswith("_")
}
OPTIONS = "{{cookiecutter.__folder}}/_template_options"
ENGINES = ("cookiecutter", "copier", "cruft")
# What each engine writes to remember the answers; all else must be equal.
ANSWER_FILES = {".copier-answers.yml", ".cruft.json"}


def option_files(template: Path) -> Iterator[tuple[set[str], str, str]]:
    """Give each file of an option: the questions that decide on it, the choice, and its path.

    The path is the one that it will have in a project. What one choice holds for another
    (`_with/<question>/<choice>`) is decided on by both questions.
    """
    for path in sorted((template / OPTIONS).rglob("*")):
        question, *rest = path.relative_to(template / OPTIONS).parts
        if not path.is_file() or len(rest) < 2 or rest[1] == "_parts":
            continue
        if rest[1] == "_with":
            yield {question, rest[2]}, f"{rest[0]} with {rest[3]}", "/".join(rest[4:])
        else:
            leader = SOURCE["_follows"].get(question, {}).get("question", question)
            yield {question, leader}, rest[0], "/".join(rest[1:])


@dataclass(frozen=True)
class Result:
    """What a command said, and how it ended."""

    code: int
    output: str

    @property
    def failed(self) -> bool:
        return self.code != 0


def run(
    *command: str | Path,
    cwd: Path,
    environment: dict[str, str] | None = None,
    typed: str = "",
    timeout: int = 600,
) -> Result:
    """Run a command with `typed` as its input; its two outputs come back as one text."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    return Result(done.returncode, done.stdout)


def clean_environment(home: Path) -> dict[str, str]:
    """Return an environment with an empty home, a git identity and nothing of the caller's venv."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "tmp").mkdir(exist_ok=True)
    dropped = {"VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
    return {
        **{name: value for name, value in os.environ.items() if name not in dropped},
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Tester" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "tester@example.com" for who in ("AUTHOR", "COMMITTER")},
    }


@dataclass(frozen=True)
class Engine:
    """One of the engines, ready to render a template into folders."""

    name: str
    template: Path
    environment: dict[str, str]
    prefix: tuple[str, ...] = ()

    def render(self, folder: Path, *options: str, typed: str = "", **answers: str) -> Result:
        """Render into `folder`, or below it: `project` tells where."""
        folder.mkdir(parents=True, exist_ok=True)
        pairs = [f"{name}={answer}" for name, answer in answers.items()]
        if self.name == "copier":
            data = [part for pair in pairs for part in ("--data", pair)]
            command = ["copy", "--trust", *options, *data]
            command += [] if typed else ["--defaults"]
            command += [str(self.template), str(folder / "project")]
        elif self.name == "cruft":
            extra = ["--extra-context", json.dumps(answers)]
            command = ["create", "--no-input", "--output-dir", str(folder), *options, *extra]
            command += [str(self.template)]
        else:
            command = [] if typed else ["--no-input"]
            command += [*options, "-o", str(folder), str(self.template), *pairs]
        return self(*command, cwd=folder, typed=typed)

    def __call__(self, *arguments: str, cwd: Path, typed: str = "") -> Result:
        command = [*self.prefix, sys.executable, "-m", self.name, *arguments]
        return run(*command, cwd=cwd, environment=self.environment, typed=typed)


def git(folder: Path, *arguments: str, environment: dict[str, str]) -> str:
    """Run git in a folder; it has to succeed."""
    result = run("git", *arguments, cwd=folder, environment=environment)
    assert not result.failed, result.output
    return result.output


def commit(folder: Path, environment: dict[str, str], tag: str = "") -> None:
    """Commit everything in a folder, making it a repository first if it is none."""
    git(folder, "init", "--quiet", "--initial-branch=main", environment=environment)
    git(folder, "add", "--all", environment=environment)
    git(
        folder, "commit", "--quiet", "--allow-empty", "-m", tag or "change", environment=environment
    )
    if tag:
        git(folder, "tag", tag, environment=environment)


def generate(template: Path) -> None:
    """Write the copier.yml of a template, as `make copier.yml` does."""
    source = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))
    (template / "copier.yml").write_text(copier_yml(source), encoding="utf-8")


def tree(project: Path) -> dict[str, bytes]:
    """Every file of a project by its path, save git's own and the engine's record of answers."""
    return {
        str(path.relative_to(project)): path.read_bytes()
        for path in sorted(project.rglob("*"))
        if path.is_file()
        and path.name not in ANSWER_FILES
        and ".git" not in path.relative_to(project).parts
    }
