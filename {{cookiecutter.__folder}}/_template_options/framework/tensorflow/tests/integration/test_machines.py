"""Two processes with a TF_CONFIG each, as on two machines, train one network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from served import free_port

MACHINE = """
import sys
sys.path.insert(0, {tests!r})
from test_distributed import SMALL, launch, work
from {{cookiecutter.package_name}}.errors import UserError

try:
    launch(1, work, SMALL, int(sys.argv[1]))
except UserError as error:
    sys.exit(str(error))
"""
LIMIT = 120


def machines(killed_in: int = 0) -> list[tuple[int, str]]:
    """Start two in the current folder; return exit code and error output of each, chief first."""
    cluster = {"worker": [f"127.0.0.1:{free_port()}" for _ in range(2)]}
    code = MACHINE.format(tests=str(Path(__file__).parent))
    started = []
    for index in range(2):
        config = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(killed_in)],
            env={**os.environ, "TF_CONFIG": json.dumps(config)},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
    try:
        said = [process.communicate(timeout=LIMIT)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    return [(p.returncode, text) for p, text in zip(started, said, strict=True)]


@pytest.mark.usefixtures("folder")
def test_a_lost_machine_ends_the_job_and_the_next_one_goes_on_to_equal_networks() -> None:
    (chief, said), (other, _) = machines(killed_in=3)
    assert (chief, other) == (1, -9)
    assert "another machine of TF_CONFIG ended early" in said
    assert "goes on after the last finished epoch" in said
    (checkpoint,) = Path(".cache/checkpoints").iterdir()
    assert list(checkpoint.iterdir())
    assert [code for code, _ in machines()] == [0, 0]
    first, second = (path.read_text() for path in Path().glob("worker-*.json"))
    assert first == second
    assert len(json.loads(first)["curve"]) == 4
