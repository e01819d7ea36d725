import numpy as np
import pytest

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.model.training import Trainer
from {{cookiecutter.package_name}}.params import ModelParams


def test_weights_that_no_strategy_can_divide_are_refused() -> None:
    schema = Schema((Feature("x", 0, 1), Feature("y", 0, 1)), ("a", "b"), (2,))
    params = ModelParams(network="mlp", widths=(4,), sharded=True)
    rows = np.zeros((8, 2), np.float32), np.zeros(8, np.int64)
    with pytest.raises(UserError, match="set it to false"):
        Trainer(params, schema, rows, rows, 0)
