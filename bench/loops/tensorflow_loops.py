"""TensorFlow's contenders: the project's trainer, loops as people write them, and Keras' fit."""

import math
from typing import Any

import numpy as np
from clock import Project, module

model = module("model")  # says how many threads there are, before TensorFlow's first operation
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

Rows = tuple[np.ndarray, np.ndarray]
__all__ = ["Fit", "Hand", "Loader", "Project"]


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
        keras.utils.set_random_seed(seed)
        self.model = module("model.network").Classifier(params, schema)
        self.model.preprocessing.fit(train[0])
        self.train, self.validation = train, validation
        self.batch, self.epochs = params.batch_size, params.epochs
        steps = params.epochs * math.ceil(len(train[0]) / params.batch_size)
        self.optimizer = keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(
                params.learning_rate / 25,
                decay_steps=steps - math.ceil(0.3 * steps),
                warmup_target=params.learning_rate,
                warmup_steps=math.ceil(0.3 * steps),
            ),
            weight_decay=params.weight_decay,
        )
        self.optimizer.build(self.model.trainable_variables)
        self.step = tf.function(self._step, reduce_retracing=True)
        self.random = np.random.default_rng(seed)

    def train_epoch(self) -> None:
        """Train one epoch."""
        inputs, labels = self.train
        order = self.random.permutation(len(inputs))
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            self.step(inputs[rows], labels[rows])

    def _step(self, inputs: Any, labels: Any) -> None:
        with tf.GradientTape() as tape:
            scores = self.model.logits(inputs, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))
        weights = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)

    def reach(self, target: float) -> int:
        """Train until the target is met on the validation split."""
        logits = tf.function(self.model.logits, reduce_retracing=True)
        for epoch in range(1, self.epochs + 1):
            self.train_epoch()
            scores = logits(self.validation[0]).numpy()
            if (scores.argmax(axis=1) == self.validation[1]).mean() >= target:
                return epoch
        return self.epochs


class Loader(Hand):
    """The same with the framework's loader."""

    def train_epoch(self) -> None:
        """Train one epoch."""
        rows = tf.data.Dataset.from_tensor_slices(self.train).shuffle(len(self.train[0]))
        for inputs, labels in rows.batch(self.batch).prefetch(2):
            self.step(inputs, labels)


class Fit(Hand):
    """Keras' own `fit`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        inputs = keras.Input(self.train[0].shape[1:])
        scores = self.model.network(self.model.preprocessing(inputs))
        self.fitted = keras.Model(inputs, scores)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.fitted.compile(self.optimizer, loss)

    def train_epoch(self) -> None:
        """Train one epoch."""
        self.fitted.fit(*self.train, batch_size=self.batch, epochs=1, verbose=0)
