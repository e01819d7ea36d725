"""Render the work tree into `.try/` and set it up: for trying out a change of the template.

    python tools/try.py tracker=tensorboard project_name="Leaf Classifier"

renders over `.try/<name>/`, where `.venv`, `uv.lock`, data and models of an earlier try stay, and
runs `make setup` there. Where `$PIP_FIND_LINKS` holds torch, it is taken from there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from wheel_index import write_index

ROOT = Path(__file__).resolve().parent.parent
TRY = ROOT / ".try"
# What a run of the project has made, and a new rendering leaves alone.
KEPT = {".venv", ".cache", ".git", "uv.lock", "data", "models", "reports", "logs"}


def export(target: Path) -> Path:
    """Copy what would be committed of the work tree: no cache and no ignored file."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def render(answers: list[str], folder: Path) -> Path:
    """Render the exported work tree below a folder, and return the project."""
    with tempfile.TemporaryDirectory() as scratch:
        source = export(Path(scratch) / "template")
        command = [sys.executable, "-m", "cookiecutter", "--no-input", "-o", str(folder)]
        subprocess.run([*command, str(source), *answers], check=True, stdout=subprocess.DEVNULL)
    (project,) = folder.iterdir()
    return project


def renew(answers: list[str]) -> Path:
    """Render over an earlier try of the same name, and return its folder."""
    with tempfile.TemporaryDirectory() as scratch:
        rendered = render(answers, Path(scratch))
        project = TRY / rendered.name
        for old in project.iterdir() if project.is_dir() else []:
            if old.name not in KEPT:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copytree(rendered, project, dirs_exist_ok=True)
    # A repository of its own, or `make setup` puts its hooks into the template's.
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    return project


def environment() -> dict[str, str]:
    """Return the environment for the set-up, with torch from a folder of wheels if there is one."""
    found = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    wheels = Path(found.get("PIP_FIND_LINKS") or "/nonexistent")
    if "UV_INDEX" not in found and any(wheels.glob("torch-*.whl")):
        found["UV_INDEX"] = write_index(TRY / ".wheels", wheels)
    return found


def main(answers: list[str]) -> int:
    """Render with the answers, set up, and say how to go on."""
    if any("=" not in answer for answer in answers):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        project = renew(answers)
    except subprocess.CalledProcessError as error:
        return error.returncode
    setup = subprocess.run(["make", "setup"], cwd=project, env=environment(), check=False)
    if setup.returncode == 0:
        print(f"\nNext: cd {project.relative_to(ROOT)} && make pipeline serve")
    return setup.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
