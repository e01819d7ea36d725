"""PyTorch's contenders: the project's trainer, loops as people write them, and Lightning."""

from typing import Any

import numpy as np
import torch
from clock import Project, module
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

Rows = tuple[np.ndarray, np.ndarray]
__all__ = ["Hand", "Lightning", "Loader", "Project"]


class Hand:
    """The shortest loop over rows in memory that uses the same network and optimizer."""

    def __init__(
        self,
        params: Any,
        schema: Any,
        train: Rows,
        validation: Rows,
        seed: int,
    ) -> None:
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        self.model = module("model.network").Classifier(params, schema)
        self.model.preprocessing.fit(train[0])
        self.train, self.validation = (tuple(map(torch.tensor, r)) for r in (train, validation))
        self.batch, self.epochs = params.batch_size, params.epochs
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            params.learning_rate,
            total_steps=params.epochs * -(-len(train[0]) // params.batch_size),
        )

    def train_epoch(self) -> None:
        """Train one epoch."""
        self.model.train()
        inputs, labels = self.train
        for rows in torch.randperm(len(inputs)).split(self.batch):
            self.step(inputs[rows], labels[rows])

    def step(self, inputs: torch.Tensor, labels: torch.Tensor) -> None:
        """Go down the gradient of one batch."""
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.model.logits(inputs), labels)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()

    def reach(self, target: float) -> int:
        """Train until the target is met on the validation split."""
        for epoch in range(1, self.epochs + 1):
            self.train_epoch()
            self.model.eval()
            with torch.inference_mode():
                scores = self.model.logits(self.validation[0])
            if float((scores.argmax(dim=1) == self.validation[1]).double().mean()) >= target:
                return epoch
        return self.epochs


class Loader(Hand):
    """The same with the framework's loader."""

    def train_epoch(self) -> None:
        """Train one epoch."""
        self.model.train()
        for inputs, labels in DataLoader(TensorDataset(*self.train), self.batch, shuffle=True):
            self.step(inputs, labels)


class Lightning(Hand):
    """Lightning's Trainer, with all that it writes switched off."""

    def __init__(self, params: Any, *rest: Any) -> None:
        super().__init__(params, *rest)
        import lightning  # noqa: PLC0415

        hand = self

        class Fitted(lightning.LightningModule):
            def __init__(self) -> None:
                super().__init__()
                self.model = hand.model

            def training_step(self, batch: Any, _: int) -> Any:
                return nn.functional.cross_entropy(self.model.logits(batch[0]), batch[1])

            def configure_optimizers(self) -> Any:
                once = {"scheduler": hand.schedule, "interval": "step"}
                return {"optimizer": hand.optimizer, "lr_scheduler": once}

        self.fitted = Fitted()
        self.trainer = lightning.Trainer(
            max_epochs=-1, accelerator="cpu", devices=1, logger=False, barebones=True
        )

    def train_epoch(self) -> None:
        """Train one epoch more."""
        loader = DataLoader(TensorDataset(*self.train), self.batch, shuffle=True)
        self.trainer.fit_loop.max_epochs = self.trainer.current_epoch + 1
        self.trainer.fit(self.fitted, loader)
