"""The questions: one list, put to people in words, and the same in every engine."""

from itertools import combinations, product
from pathlib import Path

import pytest
import yaml

import copier_yml
from copier_yml import copier_yml as generated
from covering import covering
from engines import CHOICES, OPTIONS, ROOT, SOURCE

COPIER = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
ASKED = [name for name in SOURCE if not name.startswith("_")]


def choices(question: str) -> list[str]:
    """Return the choices of a question; one with a single choice is a private variable."""
    if leader := SOURCE["_follows"].get(question):
        return sorted(set(leader["choices"].values()))
    return CHOICES.get(question) or [SOURCE[f"_{question}"]]


def test_copier_yml_is_what_cookiecutter_json_says() -> None:
    assert (ROOT / "copier.yml").read_text(encoding="utf-8") == generated(SOURCE)


def test_both_engines_ask_the_same_questions_in_the_same_order() -> None:
    assert [name for name in COPIER if not name.startswith("_")] == [*ASKED, "cookiecutter"]


@pytest.mark.parametrize("name", ASKED)
def test_a_question_has_the_same_words_choices_and_default_in_both_engines(name: str) -> None:
    prompt, question = SOURCE["__prompts__"][name], COPIER[name]
    if name in CHOICES:
        words = {prompt[choice]: choice for choice in CHOICES[name]}
        assert question["choices"] == words
        assert question["default"] == CHOICES[name][0]
        assert question["help"] == prompt["__prompt__"]
        assert set(prompt) == {"__prompt__", *CHOICES[name]}
    else:
        assert question["help"] == prompt
        assert question["default"] == SOURCE[name].replace("cookiecutter.", "")
        assert name in SOURCE["_rules"]


@pytest.mark.parametrize("name", ASKED)
def test_a_prompt_is_a_phrase_and_no_variable_name(name: str) -> None:
    prompt = SOURCE["__prompts__"][name]
    texts = prompt.values() if isinstance(prompt, dict) else [prompt]
    for text in texts:
        assert text
        assert "_" not in text
        assert not text.endswith((".", ":", "?"))


@pytest.mark.parametrize("question", SOURCE["_questions"])
def test_every_choice_has_a_folder_and_every_folder_is_a_choice(
    question: str, template: Path
) -> None:
    folders = {path.name for path in (template / OPTIONS / question).glob("*") if path.is_dir()}
    assert folders == set(choices(question)) - {"none"}


def test_no_folder_belongs_to_a_question_that_is_not_there(template: Path) -> None:
    folders = {path.name for path in (template / OPTIONS).iterdir() if path.is_dir()}
    assert folders <= set(SOURCE["_questions"])


def test_a_question_with_choices_is_asked_and_one_without_is_not() -> None:
    assert all(len(listed) > 1 for listed in CHOICES.values())
    assert set(CHOICES) - {"python_version"} <= set(SOURCE["_questions"])
    for question in SOURCE["_questions"]:
        places = (question in SOURCE, f"_{question}" in SOURCE, question in SOURCE["_follows"])
        assert places.count(True) == 1


@pytest.mark.parametrize("question", SOURCE["_follows"])
def test_a_question_that_follows_another_has_an_answer_to_each_of_its_choices(
    question: str,
) -> None:
    leader = SOURCE["_follows"][question]
    assert sorted(leader["choices"]) == sorted(choices(leader["question"]))


def test_choices_are_strings_for_a_boolean_cannot_be_said_on_the_command_line() -> None:
    assert all(isinstance(choice, str) for listed in CHOICES.values() for choice in listed)


def test_an_unsupported_pair_names_real_choices_and_a_reason() -> None:
    for pair in SOURCE["_unsupported"]:
        assert pair["reason"]
        for question, choice in pair["choices"].items():
            assert choice in choices(question)


def test_the_check_of_copier_yml_notices_an_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(copier_yml, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["copier_yml.py", "--check"])
    (tmp_path / "cookiecutter.json").write_text((ROOT / "cookiecutter.json").read_text("utf-8"))
    (tmp_path / "copier.yml").write_text(generated(SOURCE))
    assert copier_yml.main() == 0
    (tmp_path / "copier.yml").write_text(generated(SOURCE).replace("wandb", "WandB"))
    assert copier_yml.main() == 1
    assert "make copier.yml" in capsys.readouterr().out


def test_the_covering_array_meets_every_supported_pair_and_no_other() -> None:
    some = {"a": ["1", "2", "3"], "b": ["x", "y"], "c": ["p", "q", "r", "s"]}
    rows = covering(some, [{"a": "1", "c": "q"}])
    for (first, second), (a, b) in (
        (pair, values)
        for pair in combinations(some, 2)
        for values in product(some[pair[0]], some[pair[1]])
    ):
        met = any(row[first] == a and row[second] == b for row in rows)
        assert met == ({first: a, second: b} != {"a": "1", "c": "q"})
    assert len(rows) <= 14
