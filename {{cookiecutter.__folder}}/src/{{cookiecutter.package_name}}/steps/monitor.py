"""Compare what the service saw with what the model was trained on.

Reads logs/events and data/prepared, writes reports/drift.json and reports/drift.png.
Exit codes: 0 no drift, 3 drift, 4 not enough data to tell, 2 an error.
"""

import json
import re
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..artifacts import atomic, write_json
from ..data.prepared import data_fingerprint
from ..data.spec import Schema
from ..errors import UserError
from ..features import to_tensor
from ..monitoring.drift import Drift, Sample, compare
from ..monitoring.events import read_events, recorded_features
from ..params import Monitoring, Params
from ..predictor import Predictor

DRIFT, TOO_LITTLE = 3, 4
REPORT, PICTURE = Path("reports/drift.json"), Path("reports/drift.png")


@dataclass
class Seen:
    """What the events hold: of each request at most a few rows of features, and all labels."""

    features: np.ndarray
    labels: list[str]
    since: str | None = None
    until: str | None = None
    requests: int = 0
    of_other_models: int = 0
    unreadable: int = 0
    blocks: list[np.ndarray] = field(default_factory=list, repr=False)


def add_arguments(parser: ArgumentParser) -> None:
    """Say which events count, and how to report."""
    parser.add_argument(
        "--since", type=moment, metavar="WHEN", help="only later events: 24h, 7d or 2026-01-31"
    )
    parser.add_argument(
        "--all", dest="any_model", action="store_true", help="also events of earlier models"
    )
    parser.add_argument(
        "--json", dest="as_json", action="store_true", help="print the report as JSON"
    )


def run(params: Params, *, since: datetime | None, any_model: bool, as_json: bool) -> int:
    """Judge the events of the current model, and report."""
    predictor = Predictor()
    seen = collect(read_events(), predictor.schema, None if any_model else predictor.id, since)
    report: dict[str, Any] = {
        "verdict": "not enough data",
        "model": predictor.id,
        **{key: getattr(seen, key) for key in ("requests", "since", "until")},
        "rows": len(seen.features),
        "rows_needed": params.monitor.minimum_rows,
        "skipped": {"other_models": seen.of_other_models, "unreadable": seen.unreadable},
    }
    drift = None
    if report["rows"] >= report["rows_needed"]:
        drift, shares = _judge(seen, predictor, params.monitor)
        report |= _findings(drift, shares, params.monitor)
        _draw(drift, shares, params.monitor.psi)
    else:
        PICTURE.unlink(missing_ok=True)
    write_json(REPORT, report)
    _tell(report, as_json)
    return TOO_LITTLE if drift is None else DRIFT if drift.drifted else 0


def collect(
    events: Iterable[Any], schema: Schema, model: str | None, since: datetime | None
) -> Seen:
    """Gather the events of `model` (None: of any) that came after `since`."""
    width = len(recorded_features(schema))
    seen = Seen(np.empty((0, width), dtype=np.float32), [])
    for event in events:
        try:
            time = datetime.fromisoformat(event["time"])
            rows = np.asarray(event["features"], dtype=np.float32).reshape(-1, width)
            labels, of = list(event["labels"]), event["model"]
        except (KeyError, TypeError, ValueError):
            seen.unreadable += 1
            continue
        if since and time < since:
            continue
        if model not in (None, of):
            seen.of_other_models += 1
            continue
        seen.requests += 1
        seen.blocks.append(rows)
        seen.labels += labels
        seen.since = min(seen.since or event["time"], event["time"])
        seen.until = max(seen.until or event["time"], event["time"])
    seen.features = np.concatenate([seen.features, *seen.blocks])
    return seen


def _judge(
    seen: Seen, predictor: Predictor, limits: Monitoring
) -> tuple[Drift, dict[str, dict[str, float]]]:
    names = recorded_features(predictor.schema)
    reference = _read("train")[names].to_numpy(dtype=np.float32)
    # What a model says of rows that it was trained on is not what it says in service.
    usual = _predict(predictor, pd.concat([_read("validation"), _read("test")]))
    samples = Sample(reference, usual), Sample(seen.features, seen.labels)
    drift = compare(names, *samples, limits.psi, limits.p_value)
    if predictor.about["data"] != data_fingerprint():
        raise UserError(
            f"data/prepared is not what {predictor.id} was trained on: bring its data back, or run "
            "`make pipeline`"
        )
    classes = predictor.schema.classes
    return drift, {"reference": _shares(usual, classes), "live": _shares(seen.labels, classes)}


def _read(split: str) -> pd.DataFrame:
    path = Path(f"data/prepared/{split}.parquet")
    if not path.exists():
        raise UserError(f"{path} is missing: run `make pipeline`")
    return pd.read_parquet(path)


def _predict(predictor: Predictor, frame: pd.DataFrame) -> list[str]:
    values = to_tensor(frame, predictor.schema)
    size = predictor.maximum_rows
    parts = (values[start : start + size] for start in range(0, len(values), size))
    return [label for part in parts for label in predictor.labels(predictor.probabilities(part))]


def _shares(labels: Sequence[str], classes: Sequence[str]) -> dict[str, float]:
    counts = Counter(labels)
    return {name: counts[name] / len(labels) for name in classes}


def _findings(
    drift: Drift, shares: dict[str, dict[str, float]], limits: Monitoring
) -> dict[str, Any]:
    return {
        "verdict": "drift" if drift.drifted else "no drift",
        "drifted": list(drift.drifted),
        "limits": {"psi": limits.psi, "p_value": limits.p_value},
        "labels": asdict(drift.labels) | shares,
        "features": [asdict(each) for each in drift.features],
    }


def _tell(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report, indent=2))
        return
    rows, needed = report["rows"], report["rows_needed"]
    print(f"{report['verdict']}: {rows} rows of {report['requests']} requests to {report['model']}")
    if rows < needed:
        print(f"{needed - rows} more rows are needed (monitor.minimum_rows in params.yaml)")
        return
    largest = [report["labels"], *report["features"][:5]]
    for each in largest:
        mark = "*" if each["drifted"] else " "
        print(f"{mark} {each['name']:<30} PSI {each['psi']:6.3f}  p {each['p_value']:8.2g}")
    print(f"(* has drifted) {PICTURE} shows more, {REPORT} has every feature")


def _draw(drift: Drift, shares: dict[str, dict[str, float]], limit: float) -> None:
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    top = drift.features[:15][::-1]
    colours = ["#b3261e" if each.drifted else "#8a8fa3" for each in top]
    left.barh([each.name for each in top], [each.psi for each in top], color=colours)
    left.axvline(limit, color="#1b1b2f", linestyle="--", linewidth=1, label=f"limit {limit:g}")
    left.set(title=f"Features, the most shifted {len(top)} (red: drifted)", xlabel="PSI")
    left.legend(loc="lower right")
    places = np.arange(len(shares["live"]))
    for shift, (name, colour) in enumerate((("reference", "#8a8fa3"), ("live", "#4f46e5"))):
        heights = list(shares[name].values())
        right.bar(places + 0.4 * shift, heights, 0.4, label=name, color=colour)
    right.set_xticks(places + 0.2, list(shares["live"]), rotation=90 if len(places) > 12 else 0)
    verdict = "drifted" if drift.labels.drifted else "as before"
    right.set(title=f"Predicted labels: {verdict}", ylabel="share of rows")
    right.legend()
    with atomic(PICTURE) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def moment(text: str) -> datetime:
    """Read a point in time: hours or days ago, or a date, in UTC unless it says otherwise."""
    if ago := re.fullmatch(r"(\d+)([dh])", text):
        count = int(ago[1])
        return datetime.now(UTC) - (
            timedelta(days=count) if ago[2] == "d" else timedelta(hours=count)
        )
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
