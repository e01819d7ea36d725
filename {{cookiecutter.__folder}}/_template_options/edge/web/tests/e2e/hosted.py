"""The site of `make edge`, built from a model and shown by a plain host of files."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.__main__ import main
from {{cookiecutter.package_name}}.steps import edge

ROOT = Path(__file__).parents[2]
needs_runtime = pytest.mark.skipif(
    not (ROOT / edge.RUNTIME).is_dir(), reason=f"{edge.RUNTIME} is missing: make edge"
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def build(folder: Path) -> Path:
    """Build the site of the model in `folder`/models, and return where it is."""
    (folder / "web").mkdir()
    shutil.copy(ROOT / "web/client.js", folder / "web")
    (folder / "web/node_modules").symlink_to(ROOT / "web/node_modules")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["edge", "--params", str(ROOT / "params.yaml")]) == 0
    return folder / edge.SITE


@contextmanager
def host(site: Path) -> Iterator[str]:
    """Host `site` below a path, as hosts of many projects do; give its address."""
    handler = partial(_Quiet, directory=str(site.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{site.name}/"
        server.shutdown()
