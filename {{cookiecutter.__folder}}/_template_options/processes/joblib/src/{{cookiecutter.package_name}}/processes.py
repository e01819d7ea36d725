"""Run calls at once, in processes that end with the one that asked for them."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

from joblib import Parallel, delayed


def run_at_once(
    call: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], parallel: int
) -> Iterator[Any]:
    """Give the results of `call(*each)` as they come; with one at a time, in this very process.

    No call begins before there is room for it. An exception of one ends the others.
    """
    here, folder = os.getpid(), str(Path.cwd())
    tasks = (delayed(_guarded)(here, folder, call, *each) for each in arguments)
    yield from Parallel(parallel, return_as="generator_unordered", pre_dispatch=parallel)(tasks)


def _guarded(parent: int, folder: str, call: Callable[..., object], *arguments: object) -> object:
    if os.getpid() != parent:
        _end_with(parent)
    with chdir(folder):
        return call(*arguments)


@cache
def _end_with(parent: int) -> None:
    """Watch once: a killed search must not leave trials behind that go on."""
    Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
