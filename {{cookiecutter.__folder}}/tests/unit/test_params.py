from collections.abc import Callable
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import load_params

ROOT = Path(__file__).parents[2]
Write = Callable[[str], Path]
MODELS = "models: {small: {network: mlp, widths: [8]}}\n"


@pytest.fixture
def written(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_params_of_the_project_are_valid() -> None:
    assert load_params(ROOT / "params.yaml").models


def test_one_model_is_enough(written: Write) -> None:
    params = load_params(written(MODELS))
    assert params.models["small"].widths == (8,)
    assert params.seed == 0


def test_every_mistake_is_named_at_once(written: Write) -> None:
    path = written(
        "sede: 1\n"
        "split: {test: 2}\n"
        "models:\n"
        "  small: {network: tree, widths: []}\n"
        "  large: {network: mlp, widths: [8], dropout: .nan, epochs: 0}\n"
    )
    with pytest.raises(UserError) as caught:
        load_params(path)
    message = str(caught.value)
    for place in ("sede", "split.test", "models.small.network", "models.small.widths"):
        assert f"  {place}: " in message
    assert "  models.large.dropout: " in message
    assert "  models.large.epochs: " in message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has mistakes"),
        ("[1]", "has mistakes"),
        ("a: [", "is not YAML"),
        ("models: {}", "models: "),
        (MODELS + "split: {validation: 0.5, test: 0.5}", "must be below 1"),
        (MODELS + "tune: {space: {depth: {kind: integer, low: 1, high: 2}}}", "depth"),
        (MODELS + "tune: {space: {epochs: {kind: integer, low: 1.2, high: 1.8}}}", "whole number"),
        (MODELS + "tune: {models: {big: {}}}", "unknown models: big"),
        (MODELS + "tune: {space: {dropout: {kind: uniform, low: 2, high: 1}}}", "low must be"),
        (MODELS + "tune: {space: {dropout: {kind: log_uniform, low: 0, high: 1}}}", "above 0"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_the_reason(
    written: Write, text: str, reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        load_params(written(text))


def test_a_missing_file_says_where_to_stand(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run this from the project's folder"):
        load_params(tmp_path / "params.yaml")
