import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.processes import run_at_once


def note(folder: str) -> None:
    """Say that this process works, for as long as nobody ends it."""
    Path(folder, str(os.getpid())).touch()
    time.sleep(120)


def where(_: int) -> str:
    return str(Path.cwd())


def test_workers_end_with_a_search_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, __file__, str(tmp_path)]) as search:
        deadline = time.monotonic() + 60
        while len(workers := list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(workers) == 2
        search.kill()
    while any(is_alive(int(worker.name)) for worker in workers):
        assert time.monotonic() < deadline, "a worker goes on"
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    """Say whether a process runs; one that nobody has waited for does not."""
    try:
        os.kill(process, 0)
        state = subprocess.check_output(["ps", "-o", "stat=", "-p", str(process)], text=True)
    except (ProcessLookupError, subprocess.CalledProcessError):
        return False
    return not state.startswith("Z")


@pytest.mark.parametrize("parallel", [1, 2])
def test_calls_run_where_the_search_runs(
    parallel: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        found = set(run_at_once(where, [(1,), (2,)], parallel))
        assert found == {str(tmp_path / name)}


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    list(run_at_once(note, [(sys.argv[1],)] * 2, 2))
