"""Typed hyperparameters, read from `params.yaml`; settings of tools live with their adapters."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import UserError

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Validation(_Section):
    """What the raw rows must hold besides the schema; shares are of all rows."""

    minimum_rows: Positive = 100
    maximum_duplicates: Annotated[float, Field(ge=0, lt=1)] = 0.0
    minimum_class_share: Share = 0.01


class Split(_Section):
    """Shares of the rows that are held out; what is left is for training."""

    validation: Share = 0.15
    test: Share = 0.15

    @model_validator(mode="after")
    def _leave_rows_for_training(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation + test must be below 1")
        return self


class ModelParams(_Section):
    """One candidate: its network and how it is trained.

    `widths` are the channels of a `cnn`'s convolutions or the sizes of an `mlp`'s hidden layers.
    `patience` is the number of epochs without a better validation loss after which training ends.
    `batch_size` rows make one step, however many `workers` share them, and in however many parts
    (`accumulation`) each takes its share. With `sharded` a worker holds a part of the weights only.
    `precision` and `compile` say how a step is computed; the weights that are kept are float32 in
    any case.
    """

    network: Literal["cnn", "mlp"]
    widths: Annotated[tuple[Positive, ...], Field(min_length=1)]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    epochs: Positive = 20
    batch_size: Positive = 64
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    patience: Positive = 10
    workers: Positive = 1
    sharded: bool = False
    accumulation: Positive = 1
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False

    @model_validator(mode="after")
    def _leave_two_rows_in_each_part(self) -> Self:
        parts = self.workers * self.accumulation
        # Half of it, because the batches of an epoch are made equal.
        if self.batch_size < 4 * parts and parts > 1:
            raise ValueError("batch_size must be four times workers x accumulation or more")
        return self


class Export(_Section):
    """How the champion is written.

    `int8` makes a smaller file, refused if it costs more than `maximum_drop` of the accuracy on the
    validation split.
    """

    int8: bool = False
    maximum_drop: Annotated[float, Field(ge=0, lt=1)] = 0.005


class Evaluation(_Section):
    """The gate before a model may be served: its accuracy on the test split."""

    minimum_accuracy: Annotated[float, Field(ge=0, le=1)] = 0.9


class Range(_Section):
    """A numeric hyperparameter between `low` and `high`, both included."""

    kind: Literal["uniform", "log_uniform", "integer"]
    low: float
    high: float

    @model_validator(mode="after")
    def _order(self) -> Self:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.kind == "log_uniform" and self.low <= 0:
            raise ValueError("log_uniform needs low above 0")
        if self.kind == "integer" and math.ceil(self.low) > math.floor(self.high):
            raise ValueError("integer needs a whole number between low and high")
        return self


class Choice(_Section):
    """A hyperparameter that takes one of a few values."""

    kind: Literal["categorical"]
    values: Annotated[tuple[str | int | float | tuple[int, ...], ...], Field(min_length=2)]


Dimensions = dict[str, Annotated[Range | Choice, Field(discriminator="kind")]]


class Tuning(_Section):
    """How `tune` searches: `space` names fields of the model's params.

    What `models` has for one model is added to its space, or stands there instead. `parallel` is
    the number of trials that run at once.
    """

    trials: Positive = 20
    parallel: Positive = 1
    space: Dimensions = {}
    models: dict[str, Dimensions] = {}

    def space_of(self, model: str) -> Dimensions:
        """Return what is tried for `model`."""
        return self.space | self.models.get(model, {})


class Monitoring(_Section):
    """When live data counts as drifted.

    A difference must be large, with a population stability index from `psi`, and certain: `p_value`
    is the false-alarm rate of the tests of all features and of the labels together.
    """

    minimum_rows: Positive = 200
    psi: Annotated[float, Field(gt=0)] = 0.25
    p_value: Share = 0.01


class Params(_Section):
    """Everything in `params.yaml`."""

    seed: Annotated[int, Field(ge=0)] = 0
    validate_: Annotated[Validation, Field(alias="validate")] = Validation()
    split: Split = Split()
    models: Annotated[dict[str, ModelParams], Field(min_length=1)]
    export: Export = Export()
    evaluate: Evaluation = Evaluation()
    tune: Tuning = Tuning()
    monitor: Monitoring = Monitoring()

    @model_validator(mode="after")
    def _space_names_model_params(self) -> Self:
        # These say how a network is computed, and not what comes of it.
        same = {"workers", "sharded", "accumulation", "compile"}
        named = set().union(self.tune.space, *self.tune.models.values())
        if unknown := sorted(named - (set(ModelParams.model_fields) - same)):
            raise ValueError(f"tune.space names unknown hyperparameters: {', '.join(unknown)}")
        if strangers := sorted(set(self.tune.models) - set(self.models)):
            raise ValueError(f"tune.models names unknown models: {', '.join(strangers)}")
        return self


def changed(settings: ModelParams, values: Mapping[str, object]) -> ModelParams:
    """Return `settings` with other values; one that no model takes is a `UserError`."""
    try:
        return ModelParams.model_validate({**settings.model_dump(), **values})
    except ValidationError as error:
        raise UserError(f"no model takes this: {'; '.join(_problems(error))}") from None


def load_params(path: str | Path = "params.yaml") -> Params:
    """Read and check the file at `path`; every mistake in it is named in one `UserError`."""
    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return Params.model_validate(data)
    except FileNotFoundError:
        raise UserError(f"{path} is missing: run this from the project's folder") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {error}") from None
    except ValidationError as error:
        lines = "".join(f"\n  {problem}" for problem in _problems(error))
        raise UserError(f"{path} has mistakes:{lines}") from None


def _problems(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, e['loc'])) or 'params'}: {e['msg']}" for e in error.errors()]
