"""One network in training: an epoch, a measurement, and all that a checkpoint has to hold.

This module does not know when to stop, what to report or where files lie: `fitting` does.
"""

import math
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import Tensor, nn

from ..artifacts import atomic
from ..data.spec import Schema
from ..errors import UserError
from ..params import ModelParams
from .network import Classifier

Rows = tuple[np.ndarray, np.ndarray]
Curve = list[dict[str, float]]
VERSION = torch.__version__
CHUNK = 1024


class Trainer:
    """A network with its optimizer and its rows: the same seed gives the same weights.

    `train` and `validation` are raw inputs, float32 of shape (n, *input_shape), and class indices.
    """

    def __init__(
        self, params: ModelParams, schema: Schema, train: Rows, validation: Rows, seed: int
    ) -> None:
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(mode=True)
        # On one thread sums have one order on every machine; at this size two are no faster.
        torch.set_num_threads(1)
        self._model = Classifier(params, schema)
        self._model.preprocessing.fit(train[0])
        self._train, self._validation = (
            tuple(map(torch.tensor, rows)) for rows in (train, validation)
        )
        self._steps = math.ceil(len(train[0]) / params.batch_size)
        self._optimizer = torch.optim.AdamW(
            self._model.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay
        )
        # The rate rises for a third of the steps and falls to nothing at the end.
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, params.learning_rate, total_steps=params.epochs * self._steps
        )
        self._best: dict[str, Tensor] = {}

    @property
    def weights(self) -> int:
        """The number of trained weights."""
        return sum(weight.numel() for weight in self._model.parameters())

    def train_epoch(self) -> float:
        """Take each row of the train split once, in a new order; return the mean loss."""
        inputs, labels = self._train
        self._model.train()
        total = 0.0
        # Equal parts, because a last batch of a single row has no deviation to normalise by.
        for rows in torch.randperm(len(inputs)).tensor_split(self._steps):
            self._optimizer.zero_grad()
            loss = nn.functional.cross_entropy(self._model.logits(inputs[rows]), labels[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            self._schedule.step()
            total += loss.item() * len(rows)
        return total / len(inputs)

    @torch.inference_mode()
    def validate(self) -> tuple[float, float]:
        """Return mean loss and accuracy on the validation split."""
        self._model.eval()
        inputs, labels = self._validation
        loss, hits = 0.0, 0
        for some, truth in zip(torch.split(inputs, CHUNK), torch.split(labels, CHUNK), strict=True):
            scores = self._model.logits(some)
            loss += nn.functional.cross_entropy(scores, truth, reduction="sum").item()
            hits += int((scores.argmax(dim=1) == truth).sum())
        return loss / len(labels), hits / len(labels)

    def keep(self) -> None:
        """Remember the weights as they are now."""
        self._best = {key: value.clone() for key, value in self._model.state_dict().items()}

    def best(self) -> Classifier:
        """Return the network with the weights that were kept."""
        self._model.load_state_dict(self._best)
        return self._model.eval()

    def save_state(self, path: Path, curve: Curve) -> None:
        """Write all that the next epoch follows from, and the curve so far."""
        state = {
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "random": torch.get_rng_state(),
            "best": self._best,
            "curve": curve,
        }
        torch.save(state, path)

    def load_state(self, path: Path) -> Curve:
        """Go back to what `save_state` wrote, and return its curve."""
        state = torch.load(path, weights_only=True)
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        self._best = state["best"]
        curve: Curve = state["curve"]
        return curve


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
