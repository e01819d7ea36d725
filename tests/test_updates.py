"""A project that was rendered from an older tag takes what is new, and keeps what is its own."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from engines import OPTIONS, Engine, Result, commit, generate, git

PACKAGE = "src/digit_classifier"
TEMPLATE_PACKAGE = "src/{{cookiecutter.package_name}}"
IN_OPTION = f"{OPTIONS}/tracker/wandb/{TEMPLATE_PACKAGE}/tracking.py"


@dataclass
class Updated:
    """A project, the template behind it, and the engine that keeps the two together."""

    engine: Engine
    template: Path
    project: Path

    def update(self, version: str, **answers: str) -> Result:
        """Update to a tag of the template, with other answers if any are given."""
        if self.engine.name == "copier":
            data = [part for name in answers for part in ("--data", f"{name}={answers[name]}")]
            command = ["update", "--trust", "--defaults", "--vcs-ref", version, *data]
        else:
            extra = ["--variables-to-update", json.dumps(answers)] if answers else []
            command = ["update", "--skip-apply-ask", "--checkout", version, *extra]
        return self.engine(*command, cwd=self.project)

    def files(self) -> set[str]:
        """Return what git sees in the project: its files, tracked or new."""
        listing = ("ls-files", "--cached", "--others", "--exclude-standard")
        names = git(self.project, *listing, environment=self.engine.environment).splitlines()
        return {name for name in names if (self.project / name).exists()}


@pytest.fixture(params=["copier", "cruft"])
def updated(
    request: pytest.FixtureRequest,
    copy_of_template: Path,
    environment: dict[str, str],
    tmp_path: Path,
) -> Updated:
    """Return a project rendered from v1 and committed, with an edit and a file of the user's."""
    _write(copy_of_template / IN_OPTION, "FIRST = 1\n\n\n\n\n\nLAST = 1\n")
    trackers = copy_of_template / OPTIONS / "tracker"
    _write(trackers / "wandb/docs/only-wandb.md", "# W&B\n")
    _write(trackers / "tensorboard/docs/only-tensorboard.md", "# TensorBoard\n")
    commit(copy_of_template, environment, tag="v1")
    engine = Engine(request.param, copy_of_template, environment)
    result = engine.render(tmp_path / "out")
    assert not result.failed, result.output
    (project,) = (tmp_path / "out").iterdir()
    _replace(project / "params.yaml", "seed: 0", "seed: 42")
    _replace(project / PACKAGE / "tracking.py", "LAST = 1", "LAST = 'mine'")
    _write(project / PACKAGE / "mine.py", "MINE = True\n")
    commit(project, environment)
    return Updated(engine, copy_of_template, project)


def test_a_change_of_the_template_and_an_edit_of_the_user_are_merged(updated: Updated) -> None:
    base = updated.template / "{{cookiecutter.__folder}}"
    _write(base / "params.yaml", (base / "params.yaml").read_text() + "new: 1\n")
    _replace(updated.template / IN_OPTION, "FIRST = 1", "FIRST = 'theirs'")
    _write(base / TEMPLATE_PACKAGE / "new.py", "NEW = True\n")
    commit(updated.template, updated.engine.environment, tag="v2")
    result = updated.update("v2")
    assert not result.failed, result.output
    params = (updated.project / "params.yaml").read_text()
    assert params.endswith("new: 1\n")
    assert "seed: 42" in params
    tracking = (updated.project / PACKAGE / "tracking.py").read_text()
    assert tracking == "FIRST = 'theirs'\n\n\n\n\n\nLAST = 'mine'\n"
    assert (updated.project / PACKAGE / "new.py").read_text() == "NEW = True\n"
    assert (updated.project / PACKAGE / "mine.py").read_text() == "MINE = True\n"
    assert not [name for name in updated.files() if name.endswith((".rej", ".orig"))]
    assert not [name for name in updated.files() if "_template_options" in name]


def test_another_tracker_leaves_no_file_of_the_old_one_and_keeps_the_users(
    updated: Updated,
) -> None:
    assert "docs/only-wandb.md" in updated.files()
    commit(updated.template, updated.engine.environment, tag="v2")
    result = updated.update("v2", tracker="tensorboard")
    assert not result.failed, result.output
    assert "docs/only-wandb.md" not in updated.files()
    assert {"docs/only-tensorboard.md", f"{PACKAGE}/mine.py"} <= updated.files()
    pyproject = (updated.project / "pyproject.toml").read_text()
    assert "tensorboard" in pyproject
    assert "wandb" not in pyproject
    assert "seed: 42" in (updated.project / "params.yaml").read_text()


def test_a_question_that_is_new_in_the_template_is_answered_by_its_default(
    updated: Updated,
) -> None:
    source = json.loads((updated.template / "cookiecutter.json").read_text())
    source["colour"] = ["green", "blue"]
    source["__prompts__"]["colour"] = {"__prompt__": "Colour", "green": "Green", "blue": "Blue"}
    source["_questions"].append("colour")
    (updated.template / "cookiecutter.json").write_text(json.dumps(source))
    _write(updated.template / OPTIONS / "colour/green/docs/colour.md", "# Green\n")
    _write(updated.template / OPTIONS / "colour/blue/docs/colour.md", "# Blue\n")
    generate(updated.template)
    commit(updated.template, updated.engine.environment, tag="v2")
    result = updated.update("v2")
    assert not result.failed, result.output
    assert (updated.project / "docs/colour.md").read_text() == "# Green\n"


def test_an_update_to_a_choice_that_is_not_there_changes_nothing(updated: Updated) -> None:
    result = updated.update("v1", tracker="pen-and-paper")
    assert result.failed
    status = ("status", "--porcelain")
    assert not git(updated.project, *status, environment=updated.engine.environment)


@pytest.mark.parametrize("updated", ["copier"], indirect=True)
def test_a_recopy_is_refused_with_the_command_to_use_and_changes_nothing(updated: Updated) -> None:
    command = ("recopy", "--trust", "--defaults", "--overwrite", "--vcs-ref", "v1")
    result = updated.engine(*command, cwd=updated.project)
    assert result.failed
    assert "copier update" in result.output
    status = ("status", "--porcelain", "--ignored")
    assert not git(updated.project, *status, environment=updated.engine.environment)


def test_cruft_says_whether_a_project_is_behind(
    copy_of_template: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    commit(copy_of_template, environment, tag="v1")
    engine = Engine("cruft", copy_of_template, environment)
    assert not engine.render(tmp_path / "out").failed
    (project,) = (tmp_path / "out").iterdir()
    assert engine("check", cwd=project).code == 0
    _replace(copy_of_template / "{{cookiecutter.__folder}}/params.yaml", "# Everything", "# All")
    commit(copy_of_template, environment, tag="v2")
    assert engine("check", cwd=project).code == 1


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _replace(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
