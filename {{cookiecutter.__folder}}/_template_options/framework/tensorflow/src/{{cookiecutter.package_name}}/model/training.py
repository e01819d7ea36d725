"""One network in training: an epoch, a measurement, and all that a checkpoint has to hold.

This module does not know when to stop, what to report or where files lie: `fitting` does.
"""

import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..artifacts import atomic
from ..data.spec import Schema
from ..errors import UserError
from ..params import ModelParams
from . import loading
from .distributed import is_chief, strategy
from .network import Classifier

Rows = tuple[np.ndarray, np.ndarray]
Curve = list[dict[str, float]]
VERSION = f"{tf.__version__} {keras.__version__}"
CHUNK = 1024


class Trainer:
    """A network with its optimizer and its rows: the same seed gives the same weights.

    `train` and `validation` are raw inputs, float32 of shape (n, *input_shape), and class indices.
    Where several workers train together each has all rows and takes its part of every batch, so
    that an epoch sees each row once; their weights are equal after every step.
    """

    def __init__(
        self, params: ModelParams, schema: Schema, train: Rows, validation: Rows, seed: int
    ) -> None:
        keras.utils.set_random_seed(seed)
        if not params.compile:  # XLA has no deterministic gradient of max pooling, and would refuse
            tf.config.experimental.enable_op_determinism()
        self._random = np.random.default_rng(seed)
        if params.sharded:
            raise UserError(
                "sharded: TensorFlow's strategies keep the whole network on each worker; "
                "set it to false in params.yaml"
            )
        self._strategy = strategy(params.workers)  # before TensorFlow makes its first tensor
        self._train, self._validation = loading.Rows(*train), validation
        self._steps = math.ceil(len(train[0]) / params.batch_size)
        self._parts = params.accumulation
        with self._strategy.scope():
            self._model = _build(params, schema)
            self._model.preprocessing.fit(train[0])
            self._optimizer = _optimizer(params, params.epochs * self._steps)
            self._optimizer.build(self._model.trainable_variables)
        exact = params.precision == "float32"
        self._exact = self._model if exact else Classifier(params, schema)
        indices = tf.TensorSpec((None,), tf.int64)
        self._step = tf.function(self._train_step, input_signature=[indices])
        self._gradients = tf.function(
            self._differentiate, reduce_retracing=True, jit_compile=params.compile
        )
        inputs = tf.TensorSpec((None, *schema.input_shape), tf.float32)
        self._logits = tf.function(self._exact.logits, input_signature=[inputs])
        self._best: list[np.ndarray] = []

    @property
    def weights(self) -> int:
        """The number of trained weights."""
        return count_weights(self._model)

    def train_epoch(self) -> float:
        """Take each row of the train split once, in a new order; return the mean loss."""
        order = self._random.permutation(len(self._train))
        # Equal parts, because a last batch of a single row has no deviation to normalise by.
        batches = np.array_split(order, self._steps)
        # Added up in the end: a GPU gets the next step before it has answered this one.
        with tf.device("CPU:0"):
            steps = [tf.constant(batch) for batch in batches]
        losses = [self._step(rows) for rows in steps]
        return float(tf.add_n(losses)) / len(order)

    def validate(self) -> tuple[float, float]:
        """Return mean loss and accuracy on the validation split."""
        if self._exact is not self._model:
            self._exact.set_weights(self._model.get_weights())
        inputs, labels = self._validation
        loss, hits = 0.0, 0
        for start in range(0, len(labels), CHUNK):
            scores = self._logits(inputs[start : start + CHUNK])
            truth = labels[start : start + CHUNK]
            loss += float(tf.reduce_sum(_cross_entropy(truth, scores)))
            hits += int(np.sum(np.argmax(scores, axis=1) == truth))
        return loss / len(labels), hits / len(labels)

    def keep(self) -> None:
        """Remember the weights as they are now."""
        self._best = self._model.get_weights()

    def best(self) -> Classifier:
        """Return the network with the weights that were kept."""
        self._exact.set_weights(self._best)
        return self._exact

    def save_state(self, path: Path, curve: Curve) -> None:
        """Write all that the next epoch follows from, and the curve so far."""
        if not is_chief():
            return
        arrays = {f"variable{i}": v.numpy() for i, v in enumerate(self._variables)}
        best = {f"best{i}": weights for i, weights in enumerate(self._best)}
        notes = json.dumps({"curve": curve, "random": self._random.bit_generator.state})
        with atomic(path) as temporary, temporary.open("wb") as file:
            np.savez(file, notes=np.array(notes), **arrays, **best)  # type: ignore[arg-type]

    def load_state(self, path: Path) -> Curve:
        """Go back to what `save_state` wrote, and return its curve."""
        with np.load(path) as state:
            notes = json.loads(state["notes"].item())
            for i, variable in enumerate(self._variables):
                variable.assign(state[f"variable{i}"])
            self._best = [state[f"best{i}"] for i in range(len(self._model.weights))]
        self._random.bit_generator.state = notes["random"]
        curve: Curve = notes["curve"]
        return curve

    @property
    def _variables(self) -> list[keras.Variable]:
        """The weights, the seeds of dropout and the optimizer's memory."""
        return [*self._model.variables, *self._optimizer.variables]

    def _train_step(self, rows: Any) -> Any:  # noqa: ANN401
        """Take a step with the rows of these indices; return their summed loss."""
        losses = self._strategy.run(self._descend, (rows,))
        return self._strategy.reduce("SUM", losses, axis=None)

    def _descend(self, rows: Any) -> Any:  # noqa: ANN401
        """Do one worker's share of a step, a part at a time; return its summed loss."""
        worker = tf.distribute.get_replica_context()
        mine = loading.share(rows, worker.replica_id_in_sync_group, worker.num_replicas_in_sync)
        number = tf.cast(tf.size(rows), tf.float32)
        losses: list[Any] = []
        gradients: list[Any] = []
        for part in range(self._parts):
            # One after the other, or memory would hold what all of them need.
            with tf.control_dependencies(gradients):
                chosen = loading.share(mine, part, self._parts)
                loss, found = self._gradients(*self._train.take(chosen), number)
            losses.append(loss)
            gradients = list(map(tf.add, gradients, found)) if gradients else found
        self._optimizer.apply(gradients, self._model.trainable_variables)
        return tf.add_n(losses)

    def _differentiate(self, inputs: Any, labels: Any, number: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401
        """Return the summed loss of a part of a step of `number` rows, and its gradients."""
        with tf.GradientTape() as tape:
            scores = self._model.logits(inputs, training=True)
            loss = tf.reduce_sum(_cross_entropy(labels, scores))
            share = loss / number
        return loss, tape.gradient(share, self._model.trainable_variables)


def count_weights(model: Classifier) -> int:
    """Return the number of trained weights."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def save(model: Classifier, folder: str | Path) -> Path:
    """Write the weights into `folder`, as tensors without code, and return the file."""
    path = Path(folder) / "model.weights.h5"
    with atomic(path) as temporary:
        model.save_weights(temporary)
    return path


def load(folder: str | Path, params: ModelParams, schema: Schema) -> Classifier:
    """Read back what `save` wrote, for the params and the schema that it was trained with."""
    path = Path(folder) / "model.weights.h5"
    model = Classifier(params, schema)
    try:
        model.load_weights(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing: run `make pipeline`") from None
    except (ValueError, KeyError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{path} does not fit params.yaml and the schema: run `make pipeline` ({reason})"
        ) from None
    return model


def _build(params: ModelParams, schema: Schema) -> Classifier:
    """Build the network as the params want it computed; its weights are float32 in any case."""
    keras.config.set_dtype_policy("mixed_bfloat16" if params.precision == "bfloat16" else "float32")
    try:
        return Classifier(params, schema)
    finally:
        keras.config.set_dtype_policy("float32")


def _optimizer(params: ModelParams, steps: int) -> keras.optimizers.Optimizer:
    """Let the rate rise for a third of the steps and fall to nothing at the end."""
    rising = math.ceil(0.3 * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        params.learning_rate / 25,
        decay_steps=max(1, steps - rising),
        warmup_target=params.learning_rate,
        warmup_steps=rising,
    )
    return keras.optimizers.AdamW(rate, weight_decay=params.weight_decay)


def _cross_entropy(labels: Any, scores: Any) -> Any:  # noqa: ANN401
    scores = tf.cast(scores, tf.float32)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
