"""Rows in memory, handed out in parts where the network computes."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]


class Rows:
    """Inputs, float32 of shape (n, *input_shape), and class indices, int64 of shape (n,).

    For a GPU each part is gathered in pinned memory, and copied while the one before it is in use.
    """

    def __init__(self, inputs: np.ndarray, labels: np.ndarray, device: torch.device) -> None:
        self._device = device
        self._pinned = device.type == "cuda"
        self._inputs, self._labels = torch.tensor(inputs), torch.tensor(labels)

    def __len__(self) -> int:
        return len(self._labels)

    def parts(self, chosen: Iterable[Tensor]) -> Iterator[Batch]:
        """Give the rows of each tensor of indices in `chosen`, in order."""
        gathered = (self._gather(rows) for rows in chosen)
        return _copied(gathered, self._device) if self._pinned else gathered

    def _gather(self, rows: Tensor) -> Batch:
        inputs, labels = (values.index_select(0, rows) for values in (self._inputs, self._labels))
        return (inputs.pin_memory(), labels.pin_memory()) if self._pinned else (inputs, labels)


def _copied(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """Copy pinned batches to a GPU on a stream of their own, one ahead of the one in use."""
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    ahead: tuple[Batch, torch.cuda.Event] | None = None
    for inputs, labels in batches:
        with torch.cuda.stream(stream):
            copy = inputs.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            following = copy, stream.record_event()
        if ahead:
            yield _awaited(*ahead)
        ahead = following
    if ahead:
        yield _awaited(*ahead)


def _awaited(batch: Batch, copied: torch.cuda.Event) -> Batch:
    """Let the network's stream wait for a copy, and the memory outlive the network's use of it."""
    current = torch.cuda.current_stream()
    current.wait_event(copied)
    for values in batch:
        values.record_stream(current)
    return batch
