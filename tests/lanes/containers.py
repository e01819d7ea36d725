"""Build and run images without an engine and without a registry: buildah, on a Debian root."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from engines import ROOT

CACHE = ROOT / ".cache/containers"
CONFIGURATION = Path(__file__).resolve().parent / "buildah"
# Debian's release whose Python is the one that the default project asks for.
DEBIAN, PYTHON = "bookworm", "3.11"
STORAGE = """\
[storage]
driver = "overlay"
runroot = "{cache}/run"
graphroot = "{cache}/store"
"""


def missing() -> str:
    """Say why no image can be built here; empty when one can."""
    tools = [name for name in ("buildah", "mmdebstrap") if not shutil.which(name)]
    if os.geteuid() != 0:
        return "building an image needs root"
    return f"apt-get install {' '.join(tools)}" if tools else ""


@dataclass(frozen=True)
class Containers:
    """A store of images of our own, below `.cache/`, and the environment that names it."""

    environment: dict[str, str]

    def __call__(self, *arguments: str | Path, timeout: int = 600) -> str:
        """Run buildah; what it printed."""
        done = subprocess.run(
            ["buildah", *map(str, arguments)],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def prepare() -> Containers:
    """Return the store with the two images in it that the Dockerfile takes from registries."""
    (CACHE / "context").mkdir(parents=True, exist_ok=True)
    (CACHE / "storage.conf").write_text(STORAGE.format(cache=CACHE), encoding="utf-8")
    store = Containers(
        {
            "BUILDAH_ISOLATION": "chroot",
            "BUILDAH_LAYERS": "true",
            "CONTAINERS_REGISTRIES_CONF": str(CONFIGURATION / "registries.conf"),
            "CONTAINERS_STORAGE_CONF": str(CACHE / "storage.conf"),
        }
    )
    _root()
    certificates = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    shutil.copy(certificates, CACHE / "context/ca-certificates.crt")
    shutil.copy(_uv(), CACHE / "context/uv")
    _image(store, "base", f"docker.io/library/python:{PYTHON}-slim")
    _image(store, "uv", _wanted_uv())
    return store


def _root() -> None:
    """Make Debian's root file system, once: it takes a minute and a mirror of Debian."""
    root = CACHE / "context/rootfs.tar"
    if root.exists():
        return
    packages = "ca-certificates,python3,python3-venv,libgomp1"
    unfinished = root.with_suffix(".part.tar")
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", DEBIAN]
    done = subprocess.run([*command, str(unfinished)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"no Debian root: {done.stderr[-500:]}")
    unfinished.rename(root)


def _uv() -> str:
    """Return uv's own binary: `uv run` names it, and what lies on the PATH may be a wrapper."""
    found = os.environ.get("UV") or shutil.which("uv")
    assert found
    return os.path.realpath(found)


def _wanted_uv() -> str:
    """Read from the template's Dockerfile which image brings uv."""
    options = ROOT / "{{cookiecutter.__folder}}/_template_options"
    text = (options / "serving/bentoml/Dockerfile").read_text(encoding="utf-8")
    return next(word for word in text.split() if word.startswith("--from=ghcr")).split("=")[1]


def _image(store: Containers, name: str, tag: str) -> None:
    file = CONFIGURATION / f"{name}.Dockerfile"
    store("build", "--quiet", "--file", file, "--tag", tag, CACHE / "context")
