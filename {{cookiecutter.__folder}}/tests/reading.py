"""What a tracked run holds when its tool's own reader gives it back."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Tracked:
    """A run: points by step under each name, files under the name that they were given."""

    job: str
    params: dict[str, str | int | float | bool]
    tags: list[str]
    curves: dict[str, list[tuple[int, float]]]
    artifacts: dict[str, list[str]]
    status: Literal["running", "finished", "failed"]
