"""The default project with the network cut off: it works, and it tries to reach nobody."""

import pytest

from lanes.island import Island, needs_island
from lanes.project import Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("finished"),
    needs_island,
]

# What a person does with a trained model, all of it inside the same loopback.
USE = """\
set -e
make --silent serve PORT=3000 & server=$!
trap 'kill $server; wait $server || true' EXIT
for _ in $(seq 300); do curl -sf http://127.0.0.1:3000/readyz >/dev/null && break; sleep 0.2; done
curl -sf http://127.0.0.1:3000/ >/dev/null
for _ in $(seq 30); do
  curl -sf -H 'content-type: application/json' --data @rows.json \\
    http://127.0.0.1:3000/predict >answer
done
cat answer
sleep 1
make --silent monitor || test $? = 2 # make's own code: what monitor finds is not the question here
make --silent score INPUT=data/prepared/test.parquet OUTPUT=predictions.parquet
make --silent register
"""

ROWS = """\
import json, pandas as pd
from digit_classifier.data.schema import SCHEMA
from digit_classifier.features import to_tensor
rows = to_tensor(pd.read_parquet("data/prepared/test.parquet").head(60), SCHEMA)
print(json.dumps({"inputs": rows.tolist()}), file=open("rows.json", "w"))
"""


@pytest.fixture(scope="module")
def island(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Island:
    """Set up a clone while there is a network; its pipeline has not run yet."""
    folder = tmp_path_factory.mktemp("island")
    clone = finished.clone(folder / "digit-classifier")
    clone.must("make", "setup")
    return Island(clone, folder / "trace")


def test_the_watch_sees_who_is_called(island: Island) -> None:
    call = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 53))"
    assert island("python3", "-c", call).failed
    assert island.reached_for() == {"192.0.2.1"}


def test_the_pipeline_runs_and_calls_nobody(island: Island) -> None:
    result = island("make", "pipeline")
    assert not result.failed, result.output[-3000:]
    assert (island.project.folder / "models/model.json").exists()
    assert island.reached_for() == set()


def test_the_checks_run_and_call_nobody(island: Island) -> None:
    result = island("make", "check")
    assert not result.failed, result.output[-3000:]
    assert island.reached_for() == set()


def test_service_score_monitor_and_registry_run_and_call_nobody(island: Island) -> None:
    island.project.must("uv", "run", "--no-sync", "python", "-c", ROWS)
    result = island("bash", "-c", USE)
    assert not result.failed, result.output[-3000:]
    assert '"labels"' in result.output
    assert "not enough data" not in result.output
    assert (island.project.folder / "predictions.parquet").exists()
    assert island.reached_for() == set()


def test_what_needs_a_network_says_so(island: Island) -> None:
    result = island("env", "UV_HTTP_RETRIES=0", "make", "audit")
    assert not result.failed
    assert "Not audited: the vulnerability database gave no answer" in result.output
