"""Trials on disk, a file each: they outlive every process of NNI."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..artifacts import read_json, write_json, write_text
from ..trials import Trial, Value


@dataclass(frozen=True)
class Outcome:
    """A finished trial, with what NNI suggested, what it reported and why it was given up."""

    trial: Trial
    parameters: dict[str, Any]
    curve: tuple[float, ...] = ()
    reason: str = ""


class Ledger:
    """The trials in `folder`: what is suggested and not finished was interrupted, or runs now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._failure = folder / "failure.txt"
        self._warnings = folder / "warnings.txt"

    def suggest(self, number: int, parameters: Mapping[str, Any]) -> None:
        """Note what a trial begins with."""
        write_json(self._file("suggested", number), dict(parameters))

    def suggestion(self, number: int) -> dict[str, Any] | None:
        """Return what a trial began with, if it ever did."""
        file = self._file("suggested", number)
        return dict(read_json(file)) if file.exists() else None

    def finish(self, outcome: Outcome) -> None:
        """Note what came of a trial: from then on it counts."""
        write_json(self._file("finished", outcome.trial.number), asdict(outcome))

    def finished(self) -> int:
        """Count the finished trials."""
        return len(list((self.folder / "finished").glob("*.json")))

    def outcomes(self) -> list[Outcome]:
        """Return the finished trials, in their order."""
        files = sorted((self.folder / "finished").glob("*.json"), key=lambda file: int(file.stem))
        return [_outcome(read_json(file)) for file in files]

    def fail(self, text: str) -> None:
        """Note why the search cannot go on; what was noted first stays."""
        if not self.failure():
            write_text(self._failure, text)

    def failure(self) -> str:
        """Return why the search cannot go on, if it cannot."""
        return self._failure.read_text(encoding="utf-8") if self._failure.exists() else ""

    def forget_failure(self) -> None:
        """Begin anew: a failed trial is repeated."""
        self._failure.unlink(missing_ok=True)

    def warnings(self) -> logging.Handler:
        """Return what takes a trial's warnings, which NNI would keep from the screen."""
        handler = logging.FileHandler(self._warnings, encoding="utf-8", delay=True)
        handler.setLevel(logging.WARNING)
        return handler

    def take_warnings(self) -> list[str]:
        """Return the trials' warnings, each once, and forget them."""
        if not self._warnings.exists():
            return []
        lines = self._warnings.read_text(encoding="utf-8").splitlines()
        self._warnings.unlink()
        return list(dict.fromkeys(lines))

    def _file(self, kind: str, number: int) -> Path:
        return self.folder / kind / f"{number}.json"


def _outcome(data: dict[str, Any]) -> Outcome:
    values = {name: _value(value) for name, value in data["trial"]["values"].items()}
    trial = Trial(**{**data["trial"], "values": values})
    return Outcome(trial, data["parameters"], tuple(data["curve"]), data["reason"])


def _value(kept: Any) -> Value:  # noqa: ANN401
    """JSON knows no tuples."""
    value: Value = tuple(kept) if isinstance(kept, list) else kept
    return value
