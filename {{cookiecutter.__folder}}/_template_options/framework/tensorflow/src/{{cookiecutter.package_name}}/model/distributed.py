"""Train one network on several devices of a machine, or on several machines.

`launch` mirrors the network on GPUs of this machine, or on parts of its CPU, in one process. For
several machines set TF_CONFIG on each and start the step there: then each machine is a worker.
"""

import json
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache

import tensorflow as tf

from ..errors import UserError

_CLUSTER = "TF_CONFIG"


def launch(workers: int, work: Callable[..., None], *arguments: object) -> None:
    """Run `work(*arguments)` for `workers` devices; with one, or with TF_CONFIG, in this process.

    Else it runs in a process of its own, because a CPU can only be divided before its first use;
    `work` and its arguments are pickled for it. If a worker ends early, a `UserError` says so.
    """
    goes_on = "The same command goes on after the last finished epoch"
    try:
        if workers == 1 or _CLUSTER in os.environ:
            work(*arguments)
            return
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            pool.submit(_divided, workers, work, *arguments).result()
    except BrokenProcessPool:
        raise UserError(
            f"the process of {workers} workers ended early (killed, or out of memory?). {goes_on}"
        ) from None
    except tf.errors.UnavailableError as error:
        said = error.message.partition("Collective ops is aborted by: ")[2].partition("\n")[0]
        raise UserError(f"another machine of TF_CONFIG ended early ({said}). {goes_on}") from None


def most_workers() -> int | None:
    """Return how many workers this machine can have; without GPUs there is no limit."""
    return len(tf.config.list_physical_devices("GPU")) or None


def is_chief() -> bool:
    """Tell whether this process is the one that tracks, reports and writes files."""
    return _task()[0] == 0


def size() -> int:
    """Return how many machines train together."""
    return _task()[1]


@cache
def strategy(workers: int) -> tf.distribute.Strategy:
    """Return how the network is laid over the devices; `launch` has seen to it that they exist."""
    if _CLUSTER in os.environ:
        return tf.distribute.MultiWorkerMirroredStrategy()
    if workers == 1:
        return tf.distribute.get_strategy()
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    return tf.distribute.MirroredStrategy([f"{kind}:{number}" for number in range(workers)])


def _task() -> tuple[int, int]:
    """Return the number of this machine among the workers of TF_CONFIG, and how many there are."""
    if _CLUSTER not in os.environ:
        return 0, 1
    config = json.loads(os.environ[_CLUSTER])
    return config["task"]["index"], len(config["cluster"]["worker"])


def _divided(workers: int, work: Callable[..., None], *arguments: object) -> None:
    most = most_workers()
    if most and most < workers:
        raise UserError(f"{workers} workers need as many GPUs: here are {most}")
    if not most:
        parts = [tf.config.LogicalDeviceConfiguration()] * workers
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
    work(*arguments)
