"""Workers that hold a part of the weights each train the same network as whole ones."""

import json
import os
from pathlib import Path

import pytest
from test_distributed import SMALL, assert_alike, results, work
from torch.distributed.tensor import DTensor

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.model.distributed import launch, parallel
from {{cookiecutter.package_name}}.model.network import build
from {{cookiecutter.package_name}}.params import ModelParams

SHARDED = SMALL.model_copy(update={"workers": 2, "sharded": True, "dropout": 0.3})


def count(params: ModelParams) -> None:
    """Write how many weights the network has, and how many of them lie in this worker."""
    network = parallel(build(params, (6,), 3), params.sharded)
    whole = sum(weight.numel() for weight in network.parameters())
    parts = (weight.to_local() for weight in network.parameters() if isinstance(weight, DTensor))
    mine = sum(part.numel() for part in parts)
    Path(f"worker-{os.getpid()}.json").write_text(json.dumps([whole, mine]))


@pytest.mark.usefixtures("folder")
def test_each_worker_holds_a_part_of_the_weights() -> None:
    launch(2, count, SHARDED)
    (whole, one), (_, other) = map(json.loads, results())
    assert one + other == whole
    assert max(one, other) < 0.6 * whole


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("parts", [1, 2])
def test_they_end_with_the_network_that_whole_copies_give(parts: int) -> None:
    settings = SHARDED.model_copy(update={"accumulation": parts})
    launch(2, work, settings.model_copy(update={"sharded": False}))
    (whole,) = map(json.loads, set(results()))
    for path in Path().glob("worker-*.json"):
        path.unlink()
    launch(2, work, settings)
    (sharded,) = map(json.loads, set(results()))
    assert_alike(sharded, whole)


@pytest.mark.usefixtures("folder")
def test_after_the_death_of_a_worker_the_next_run_goes_on_to_the_same_network() -> None:
    launch(2, work, SHARDED)
    undisturbed = set(results())
    for path in Path().glob("worker-*.json"):
        path.unlink()
    with pytest.raises(UserError, match=r"ended early .*goes on after the last finished epoch"):
        launch(2, work, SHARDED, 3)
    launch(2, work, SHARDED)
    assert set(results()) == undisturbed
