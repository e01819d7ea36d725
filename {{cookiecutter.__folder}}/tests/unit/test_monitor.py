from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.steps.monitor import collect, moment

SCHEMA = Schema(
    features=(Feature("height", 0, 10), Feature("age", 0, 120, personal=True), Feature("n", 0, 9)),
    classes=("low", "high"),
    input_shape=(3,),
)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def event(hour: int = 12, **changes: object) -> dict[str, Any]:
    said = {"rows": 2, "labels": ["low", "high"], "confidence": [0.9, 0.8]}
    features = [[1.0, 2.0], [3.0, 4.0]]
    time = f"2026-01-31T{hour:02}:00:00Z"
    return {"time": time, "model": "new", **said, "features": features, **changes}


def test_features_and_labels_of_all_requests_are_gathered() -> None:
    seen = collect([event(9), event(11), event(10)], SCHEMA, "new", None)
    assert seen.features.shape == (6, 2)
    assert seen.labels == ["low", "high"] * 3
    assert (seen.since, seen.until) == ("2026-01-31T09:00:00Z", "2026-01-31T11:00:00Z")


def test_only_the_model_that_is_asked_for_counts() -> None:
    events = [event(), event(model="old")]
    seen = collect(events, SCHEMA, "new", None)
    assert (seen.requests, seen.of_other_models) == (1, 1)
    assert collect(events, SCHEMA, None, None).requests == 2


def test_only_later_events_count() -> None:
    assert collect([event(11), event(12), event(13)], SCHEMA, "new", NOON).requests == 2


@pytest.mark.parametrize(
    "broken",
    [{}, 3, event(features=[[1.0]]), event(time="yesterday"), event(labels=None)],
    ids=["empty", "number", "other columns", "no time", "no labels"],
)
def test_an_event_that_does_not_fit_the_schema_is_counted_and_passed_over(broken: object) -> None:
    seen = collect([broken, event()], SCHEMA, "new", None)
    assert (seen.unreadable, seen.requests, len(seen.features)) == (1, 1, 2)


def test_no_events_are_no_rows() -> None:
    assert collect([], SCHEMA, "new", None).features.shape == (0, 2)


def test_a_moment_is_an_age_or_a_date() -> None:
    assert abs(datetime.now(UTC) - moment("36h") - timedelta(hours=36)) < timedelta(minutes=1)
    assert moment("2026-01-31") == NOON - timedelta(hours=12)
    assert moment("2026-01-31T13:00+01:00") == NOON
    with pytest.raises(ValueError, match="soon"):
        moment("soon")
