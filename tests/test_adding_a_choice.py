"""A new question, added to a copy of the template by the steps of `_template_options/README.md`."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engines import OPTIONS, ROOT, Engine, run

BOTH = ("cookiecutter", "copier")
PYTHON = '"""Greet in {word}."""\n\nGREETING = "{word}"\n'
PARTS = {
    "dependencies.serve.txt": "{choice}-client>=1.0\n",
    "env.example": "\n# How to greet.\nGREETING_{upper}=yes\n",
    "readme.md": "| Greeting | {choice} | `docs/greeting.md` |\n",
}


@pytest.fixture
def extended(copy_of_template: Path) -> Path:
    """Return a template with the question `greeting` and its choices `english` and `korean`."""
    for choice, word in {"english": "hello", "korean": "안녕"}.items():
        folder = copy_of_template / OPTIONS / "greeting" / choice
        # Step 1: whole files at their real paths.
        package = folder / "src/{{cookiecutter.package_name}}"
        package.mkdir(parents=True)
        (package / "greeting.py").write_text(PYTHON.format(word=word), encoding="utf-8")
        # Step 2: the parts of shared files.
        (folder / "_parts").mkdir()
        for name, text in PARTS.items():
            filled = text.format(choice=choice, upper=choice.upper())
            (folder / "_parts" / name).write_text(filled, encoding="utf-8")
    # Step 3: the words, their texts, and a pair that cannot work.
    path = copy_of_template / "cookiecutter.json"
    source = json.loads(path.read_text(encoding="utf-8"))
    source["greeting"] = ["english", "korean"]
    source["_questions"].append("greeting")
    source["__prompts__"]["greeting"] = {
        "__prompt__": "Language of the greeting",
        "english": "English",
        "korean": "Korean",
    }
    pair = {"greeting": "korean", "tracker": "tensorboard"}
    source["_unsupported"].append({"choices": pair, "reason": "it has no Korean font"})
    path.write_text(json.dumps(source, ensure_ascii=False, indent=2), encoding="utf-8")
    # Step 4: copier.yml; the makefile's target calls this tool.
    tool = ROOT / "tools/copier_yml.py"
    (copy_of_template / "tools").mkdir(exist_ok=True)
    (copy_of_template / "tools/copier_yml.py").write_text(tool.read_text(encoding="utf-8"))
    subprocess.run([sys.executable, "tools/copier_yml.py"], cwd=copy_of_template, check=True)
    return copy_of_template


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize("choice", ["english", "korean"])
def test_the_choice_is_in_the_project_and_the_other_is_nowhere(
    engine: str, choice: str, extended: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    result = Engine(engine, extended, environment).render(tmp_path / "out", greeting=choice)
    assert not result.failed, result.output
    (project,) = (tmp_path / "out").iterdir()
    other = {"english": "korean", "korean": "english"}[choice]
    module = (project / "src/digit_classifier/greeting.py").read_text(encoding="utf-8")
    assert {"english": "hello", "korean": "안녕"}[choice] in module
    for name in ("pyproject.toml", ".env.example", "README.md"):
        text = (project / name).read_text(encoding="utf-8")
        assert choice in text.lower(), name
        assert other not in text.lower(), name
        assert "\n\n\n" not in text, name
    groups = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    assert f"{choice}-client>=1.0" in groups["serve"]
    assert groups["serve"] == sorted(groups["serve"])


@pytest.mark.parametrize("engine", BOTH)
def test_an_unsupported_pair_is_refused_with_its_reason(
    engine: str, extended: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    pair = {"greeting": "korean", "tracker": "tensorboard"}
    result = Engine(engine, extended, environment).render(tmp_path / "out", **pair)
    assert result.failed
    assert "it has no Korean font" in result.output
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("engine", BOTH)
def test_each_half_of_an_unsupported_pair_works_without_the_other(
    engine: str, extended: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    for number, half in enumerate(
        [
            {"greeting": "english", "tracker": "tensorboard"},
            {"greeting": "korean", "tracker": "wandb"},
        ]
    ):
        result = Engine(engine, extended, environment).render(tmp_path / str(number), **half)
        assert not result.failed, result.output


def test_the_assembler_refuses_an_unsupported_pair_that_no_validator_saw(
    extended: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """`copier copy --data` and old answers files go by other ways than the prompt."""
    text = (extended / "copier.yml").read_text(encoding="utf-8")
    lines = [
        line for line in text.splitlines() if "Korean font" not in line or "_unsupported" in line
    ]
    (extended / "copier.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pair = {"greeting": "korean", "tracker": "tensorboard"}
    result = Engine("copier", extended, environment).render(tmp_path / "out", **pair)
    assert result.failed
    assert "Refused: greeting=korean, tracker=tensorboard: it has no Korean font." in result.output
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(("tracker", "there"), [("wandb", True), ("tensorboard", False)])
def test_what_a_choice_holds_for_another_is_laid_only_beside_that_one(
    tracker: str, there: bool, extended: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    folder = extended / OPTIONS / "greeting/english/_with/tracker/wandb/docs"
    folder.mkdir(parents=True)
    (folder / "both.md").write_text("Hello, runs.\n")
    engine = Engine("copier", extended, environment)
    result = engine.render(tmp_path / "out", greeting="english", tracker=tracker)
    assert not result.failed, result.output
    (project,) = (tmp_path / "out").iterdir()
    assert (project / "docs/both.md").is_file() == there
    assert not list(project.rglob("_with"))


def test_two_options_that_write_one_path_are_found_while_rendering(
    extended: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (extended / OPTIONS / "greeting/english/Makefile").write_text("all:\n")
    result = Engine("cookiecutter", extended, environment).render(tmp_path / "out")
    assert result.failed
    assert "Two chosen folders hold Makefile" in result.output
    assert not list((tmp_path / "out").iterdir())


def test_the_steps_stand_in_the_readme() -> None:
    readme = (ROOT / OPTIONS / "README.md").read_text(encoding="utf-8")
    steps = [line for line in readme.splitlines() if line[:2] in {f"{n}." for n in range(1, 10)}]
    assert len(steps) == 5
    for word in ("_parts", "__prompts__", "_questions", "_unsupported", "make copier.yml"):
        assert word in "\n".join(steps)
    listed = run("make", "--dry-run", "copier.yml", cwd=ROOT).output
    assert "tools/copier_yml.py" in listed
