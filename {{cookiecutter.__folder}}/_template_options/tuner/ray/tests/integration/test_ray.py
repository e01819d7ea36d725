"""What only Ray has: a cluster, here two nodes on one machine, and processes that listen."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.params import Range
from {{cookiecutter.package_name}}.trials import Report, Space, Value
from {{cookiecutter.package_name}}.tuning import search

SPACES: dict[str, Space] = {"cnn": {"x": Range(kind="uniform", low=0, high=1)}}
LISTENS = "0A"
# This cluster is on one machine: none of it has to be reached from others.
LOCAL = {"RAY_AUTH_TOKEN": "t" * 64, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}

# Two nodes with a core each, until its input is closed.
CLUSTER = """
import sys
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@dataclass(frozen=True)
class Line:
    """The loss is x; what a trial sees of its machine is noted."""

    notes: Path

    def __call__(self, model: str, values: dict[str, Value], report: Report) -> float:
        (self.notes / f"{os.getpid()}.json").write_text(json.dumps(listening()))
        return float(values["x"])  # type: ignore[arg-type]


@dataclass(frozen=True)
class OnBoth:
    """The first trial waits until there is one on another node."""

    notes: Path

    def __call__(self, model: str, values: dict[str, Value], report: Report) -> float:
        import ray  # noqa: PLC0415

        (self.notes / ray.get_runtime_context().get_node_id()).touch()
        end = time.monotonic() + 60
        while len(list(self.notes.iterdir())) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        assert Path("data/prepared/train.parquet").read_text() == "rows"
        assert not Path(".env").exists()
        return float(values["x"])  # type: ignore[arg-type]


def listening() -> list[str]:
    """Return the addresses at which processes of this session listen, in the kernel's spelling."""
    found = []
    inodes = {inode for process in Path("/proc").glob("[0-9]*") for inode in sockets(process)}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENS and fields[9] in inodes:
                found.append(fields[1].partition(":")[0])
    return found


def sockets(process: Path) -> Iterator[str]:
    """Give the sockets of a process of Ray's."""
    try:
        words = (process / "cmdline").read_bytes()
        if b"ray" in words:
            for file in (process / "fd").iterdir():
                if (target := str(file.readlink())).startswith("socket:["):
                    yield target[8:-1]
    except OSError:  # it has ended
        return


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Return the address of a cluster of two nodes."""
    environment = os.environ | LOCAL | {"TMPDIR": "/tmp"}  # noqa: S108
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    ) as cluster:
        assert cluster.stdout
        yield cluster.stdout.readline().strip()
        cluster.communicate(timeout=60)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux' table of sockets")
def test_without_a_cluster_nothing_listens_beyond_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    search(Line(tmp_path), SPACES, 1, 0, tmp_path / "a")
    [note] = tmp_path.glob("*.json")
    addresses = json.loads(note.read_text())
    assert addresses
    # 127.0.0.1, also as an address of IPv6.
    assert {each[-8:] for each in addresses} == {"0100007F"}
    assert not (tmp_path / "home").exists()


def test_a_process_that_ends_leaves_nothing_of_ray_behind(tmp_path: Path) -> None:
    before = set(Path("/tmp").glob("ray-*"))  # noqa: S108
    script = "from test_ray import *; search(Line(Path.cwd()), SPACES, 1, 0, 'a')"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", script]
    subprocess.run(command, cwd=tmp_path, env=environment, timeout=120, check=True)
    assert set(Path("/tmp").glob("ray-*")) <= before  # noqa: S108


def test_the_same_call_runs_its_trials_on_every_node_of_a_cluster(
    address: str, tmp_path: Path
) -> None:
    (tmp_path / "notes").mkdir()
    project = tmp_path / "project"
    (project / "data/prepared").mkdir(parents=True)
    (project / "data/prepared/train.parquet").write_text("rows")
    (project / ".gitignore").write_text("/data/")
    (project / ".env").write_text("SECRET=stays")
    environment = os.environ | LOCAL | {"RAY_ADDRESS": address}
    command = [sys.executable, __file__, str(tmp_path / "notes")]
    subprocess.run(command, cwd=project, env=environment, timeout=180, check=True)
    assert len(list((tmp_path / "notes").iterdir())) == 2
    assert (project / "a/study.log").exists()


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    script = "from test_ray import *; search(Line(Path.cwd()), SPACES, 1, 0, 'a')"
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parent),
        "RAY_ADDRESS": "127.0.0.1:1",
        "RAY_AUTH_TOKEN": "t" * 64,
    }
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert "no Ray cluster answers at RAY_ADDRESS=127.0.0.1:1" in result.stderr


if __name__ == "__main__":
    search(OnBoth(Path(sys.argv[1])), SPACES, 4, 0, "a", parallel=2)
