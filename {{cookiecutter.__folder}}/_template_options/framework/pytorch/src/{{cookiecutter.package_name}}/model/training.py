"""One network in training: an epoch, a measurement, and all that a checkpoint has to hold.

This module does not know when to stop, what to report or where files lie: `fitting` does.
"""

import math
import os
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_state_dict,
    set_state_dict,
)
from torch.distributed.tensor import DTensor

from ..artifacts import atomic
from ..data.spec import Schema
from ..errors import UserError
from ..params import ModelParams
from . import loading
from .distributed import device, exchange, is_chief, parallel, rank, size
from .network import Classifier

Rows = tuple[np.ndarray, np.ndarray]
Curve = list[dict[str, float]]
VERSION = torch.__version__
CHUNK = 1024
# Whole tensors, also of weights that workers share out among them; the chief alone gets them.
FOR_CHIEF = StateDictOptions(full_state_dict=True, cpu_offload=True)
FROM_FILE = StateDictOptions(full_state_dict=True)


class Trainer:
    """A network with its optimizer and its rows: the same seed gives the same weights.

    `train` and `validation` are raw inputs, float32 of shape (n, *input_shape), and class indices.
    Where several workers train together each has all rows and takes its part of every batch, so
    that an epoch sees each row once; their weights are equal after every step.
    """

    def __init__(
        self, params: ModelParams, schema: Schema, train: Rows, validation: Rows, seed: int
    ) -> None:
        torch.manual_seed(seed)
        self._device = device()
        # A GPU has no deterministic form of some operations, and warns of those.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(mode=True, warn_only=self._device.type == "cuda")
        if self._device.type == "cuda":  # else convolutions would round their factors to 10 bits
            torch.backends.cudnn.allow_tf32 = False
        # On one thread sums have one order on every machine; at this size two are no faster.
        torch.set_num_threads(1)
        self._blueprint = params, schema
        self._model = Classifier(params, schema)
        self._model.preprocessing.fit(train[0])
        self._model.to(self._device)
        self._network = parallel(self._model.network, params.sharded)
        if params.compile:
            self._network.compile(dynamic=True)
        self._precision: AbstractContextManager[object] = nullcontext()
        if params.precision == "bfloat16":
            self._precision = torch.autocast(self._device.type, torch.bfloat16)
        self._train, self._validation = (
            loading.Rows(*rows, self._device) for rows in (train, validation)
        )
        self._parts = params.accumulation
        self._steps = math.ceil(len(train[0]) / params.batch_size)
        self._optimizer = torch.optim.AdamW(
            self._model.parameters(),
            lr=params.learning_rate,
            weight_decay=params.weight_decay,
            fused=True,
        )
        # The rate rises for a third of the steps and falls to nothing at the end.
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, params.learning_rate, total_steps=params.epochs * self._steps
        )
        self._best: dict[str, Tensor] = {}
        # All workers take the rows in one order, and each drops other values.
        self._order = torch.Generator()
        self._order.set_state(torch.get_rng_state())
        torch.manual_seed(seed + 1 + rank())

    @property
    def weights(self) -> int:
        """The number of trained weights."""
        return count_weights(self._model)

    def train_epoch(self) -> float:
        """Take each row of the train split once, in a new order; return the mean loss."""
        self._model.train()
        total = torch.zeros((), device=self._device)
        order = torch.randperm(len(self._train), generator=self._order)
        # Equal parts, because a last batch of a single row has no deviation to normalise by.
        batches = order.tensor_split(self._steps)
        mine = (batch.tensor_split(size())[rank()] for batch in batches)
        parts = self._train.parts(part for rows in mine for part in rows.tensor_split(self._parts))
        for batch in batches:
            self._optimizer.zero_grad()
            for number, part in enumerate(islice(parts, self._parts), 1):
                total += self._descend(*part, len(batch), last=number == self._parts)
            self._optimizer.step()
            self._schedule.step()
        return float(_sum(total)) / len(order)

    def _descend(self, inputs: Tensor, labels: Tensor, rows: int, *, last: bool) -> Tensor:
        """Add the gradients of a part of a step that takes `rows`; return the part's summed loss.

        Workers exchange their gradients in the last part only.
        """
        with exchange(self._network, last):
            with self._precision:
                scores = self._network(self._model.preprocessing(inputs))
            loss = nn.functional.cross_entropy(scores.float(), labels, reduction="sum")
            # Gradients are averaged over the workers, whose parts may differ by a row.
            (loss * (size() / rows)).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    @torch.no_grad()
    def validate(self) -> tuple[float, float]:
        """Return mean loss and accuracy on the validation split."""
        self._model.eval()
        for buffer in self._model.buffers():
            _broadcast(buffer)
        total = torch.zeros(2, dtype=torch.float64, device=self._device)
        mine = torch.arange(len(self._validation)).tensor_split(size())[rank()]
        # As many chunks for each worker, because sharded ones wait for each other in every chunk.
        chunks = math.ceil(len(self._validation) / size() / CHUNK)
        for inputs, labels in self._validation.parts(mine.tensor_split(chunks)):
            scores = self._model.logits(inputs)
            total[0] += nn.functional.cross_entropy(scores, labels, reduction="sum")
            total[1] += (scores.argmax(dim=1) == labels).sum()
        loss, hits = (_sum(total) / len(self._validation)).tolist()
        return loss, hits

    def keep(self) -> None:
        """Remember the weights as they are now."""
        self._best = {name: _whole(value) for name, value in self._model.state_dict().items()}

    def best(self) -> Classifier:
        """Return the network with the weights that were kept."""
        model = Classifier(*self._blueprint)
        model.load_state_dict(self._best)
        return model.eval()

    def save_state(self, path: Path, curve: Curve) -> None:
        """Write all that the next epoch follows from, and the curve so far."""
        randoms = _gather(self._random())
        model, optimizer = get_state_dict(self._model, self._optimizer, options=FOR_CHIEF)
        if not is_chief():
            return
        state = {
            "model": model,
            "optimizer": optimizer,
            "schedule": self._schedule.state_dict(),
            "order": self._order.get_state(),
            "randoms": randoms,
            "best": self._best,
            "curve": curve,
        }
        with atomic(path) as temporary:
            torch.save(state, temporary)

    def load_state(self, path: Path) -> Curve:
        """Go back to what `save_state` wrote, and return its curve."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        set_state_dict(
            self._model,
            self._optimizer,
            model_state_dict=state["model"],
            optim_state_dict=state["optimizer"],
            options=FROM_FILE,
        )
        self._schedule.load_state_dict(state["schedule"])
        self._order.set_state(state["order"])
        self._random(state["randoms"][rank()])
        self._best = state["best"]
        curve: Curve = state["curve"]
        return curve

    def _random(self, state: Tensor | None = None) -> Tensor:
        """Return the state of dropout's generator, after setting it if one is given."""
        on_gpu = self._device.type == "cuda"
        if state is not None:
            (torch.cuda.set_rng_state if on_gpu else torch.set_rng_state)(state)
        return torch.cuda.get_rng_state() if on_gpu else torch.get_rng_state()


def _whole(value: Tensor) -> Tensor:
    """Return a copy in main memory, of all parts where the workers hold one each."""
    gathered = value.full_tensor() if isinstance(value, DTensor) else value
    return gathered.detach().to("cpu", copy=True)


def _sum(value: Tensor) -> Tensor:
    """Add up what the workers have."""
    if size() > 1:
        dist.all_reduce(value)
    return value


def _broadcast(value: Tensor) -> None:
    """Give every worker what the first one has."""
    if size() > 1:
        dist.broadcast(value, 0)


def _gather(value: Tensor) -> list[Tensor]:
    """Return what each worker has."""
    values = [value] * size()
    if size() > 1:
        dist.all_gather_object(values, value)
    return values


def count_weights(model: Classifier) -> int:
    """Return the number of trained weights."""
    return sum(weight.numel() for weight in model.parameters())


def save(model: Classifier, folder: str | Path) -> Path:
    """Write the weights into `folder`, as tensors without code, and return the file."""
    path = Path(folder) / "weights.pt"
    with atomic(path) as temporary:
        torch.save(model.state_dict(), temporary)
    return path


def load(folder: str | Path, params: ModelParams, schema: Schema) -> Classifier:
    """Read back what `save` wrote, for the params and the schema that it was trained with."""
    path = Path(folder) / "weights.pt"
    model = Classifier(params, schema)
    try:
        model.load_state_dict(torch.load(path, weights_only=True))
    except FileNotFoundError:
        raise UserError(f"{path} is missing: run `make pipeline`") from None
    except (RuntimeError, UnpicklingError, EOFError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{path} does not fit params.yaml and the schema: run `make pipeline` ({reason})"
        ) from None
    return model.eval()
