"""Train one network in several processes, with torchrun's launcher.

`launch` starts the workers of this machine. For several machines start the step on each with
`torchrun --nnodes …`: then every process is a worker already, and `launch` only joins them.
"""

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.launcher.api import LaunchConfig, elastic_launch
from torch.nn.parallel import DistributedDataParallel

from ..errors import UserError


def launch(workers: int, work: Callable[..., None], *arguments: object) -> None:
    """Run `work(*arguments)` in `workers` processes; with one, in this very process.

    Both are pickled on their way, so `work` is a function of a module. When one worker ends early
    the others are ended too, and a `UserError` says which it was.
    """
    if dist.is_torchelastic_launched():
        _join(work, *arguments)
    elif workers == 1:
        work(*arguments)
    else:
        _start(workers, work, *arguments)


def most_workers() -> int | None:
    """Return how many workers this machine can have; without GPUs there is no limit."""
    return torch.cuda.device_count() or None


def is_chief() -> bool:
    """Tell whether this process is the one that tracks, reports and writes files."""
    return rank() == 0


def rank() -> int:
    """Return the number of this worker, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    """Return how many workers train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def device() -> torch.device:
    """Return where this worker computes: a GPU of its own, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def parallel(network: nn.Module, sharded: bool) -> nn.Module:
    """Let the workers train one network: each with a copy of it, or with a part of its weights."""
    if size() == 1:
        return network
    if not sharded:
        return DistributedDataParallel(network)
    # Layer by layer, so that no more than one of them is whole at a time.
    for layer in [*network.children(), network]:
        fully_shard(layer, reshard_after_forward=True)
    return network


def exchange(network: nn.Module, wanted: bool) -> AbstractContextManager[None]:
    """Let workers exchange the gradients that arise within, or keep them to themselves."""
    if isinstance(network, FSDPModule):
        network.set_requires_gradient_sync(wanted)
    elif isinstance(network, DistributedDataParallel) and not wanted:
        return network.no_sync()
    return nullcontext()


def _start(workers: int, work: Callable[..., None], *arguments: object) -> None:
    most = most_workers()
    if most and most < workers:
        raise UserError(f"{workers} workers need as many GPUs: here are {most}")
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=workers,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        max_restarts=0,
    )
    try:
        with _handlers_kept():
            elastic_launch(config, _join)(work, *arguments)
    except ChildFailedError as error:
        raise UserError(_reason(error, workers)) from None


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Put back the signal handlers that the launcher replaces and leaves behind."""
    names = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _join(work: Callable[..., None], *arguments: object) -> None:
    if torch.cuda.is_available():
        torch.cuda.set_device(device())
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        work(*arguments)
    finally:
        dist.destroy_process_group()


def _reason(error: ChildFailedError, workers: int) -> str:
    number, failure = error.get_first_failure()
    said = failure.message["message"] if isinstance(failure.message, dict) else failure.message
    kind, _, text = said.partition(": ")
    if kind in {"UserError", "DivergedError"}:
        return str(text)
    return (
        f"worker {number + 1} of {workers} ended early ({said}); its traceback, if it left one, "
        "is above. The same command goes on after the last finished epoch"
    )
