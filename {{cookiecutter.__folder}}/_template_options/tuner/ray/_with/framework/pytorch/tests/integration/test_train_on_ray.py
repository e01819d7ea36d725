"""Ray Train starts the workers that torchrun starts elsewhere: the network is the same."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from small_data import write_splits

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Params, load_params
from {{cookiecutter.package_name}}.steps import train, train_on_ray


@pytest.fixture(autouse=True)
def params(folder: Path) -> Params:
    write_splits()
    model = "{network: mlp, widths: [8], epochs: 2, batch_size: 16}"
    Path("params.yaml").write_text(f"models:\n  small: {model}\n")
    return load_params()


def test_two_workers_on_ray_train_the_network_of_two_workers(params: Params) -> None:
    train.run(params, "small", workers=2)
    curve = Path("reports/small/learning_curve.csv")
    expected = pd.read_csv(curve)
    weights = torch.load("models/candidates/small/weights.pt", weights_only=True)
    curve.unlink()
    train_on_ray.run(params, "small", workers=2)
    pd.testing.assert_frame_equal(pd.read_csv(curve), expected, rtol=1e-4)
    again = torch.load("models/candidates/small/weights.pt", weights_only=True)
    for name, tensor in weights.items():
        torch.testing.assert_close(again[name], tensor, rtol=1e-3, atol=1e-5)
    assert json.loads(Path("reports/small/validation.json").read_text())["weights"] > 0


def test_what_a_worker_cannot_do_is_said(params: Params) -> None:
    rows = pd.read_parquet("data/prepared/train.parquet")
    rows.iloc[3, 0] = float("nan")
    rows.to_parquet("data/prepared/train.parquet")
    with pytest.raises(UserError, match=r"a worker ended early: .*values that are no numbers"):
        train_on_ray.run(params, "small", workers=1)
    with pytest.raises(UserError, match="no model 'large', only small"):
        train_on_ray.run(params, "large")
