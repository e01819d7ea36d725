"""Build web/dist, the page with the model in it: any host of files will do.

The page is the service's own, with another module in the place of the one that asks the service.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ..artifacts import read_json, write_json, write_text
from ..errors import UserError
from ..params import Params
from ..predictor import Predictor

PAGE = Path(__file__).parents[1] / "page"
WEB = Path("web")
SITE = WEB / "dist"
RUNTIME = WEB / "node_modules/onnxruntime-web"
# The build without WebGPU and WebGL: a script, and what it loads by itself.
SCRIPT = "ort.wasm.min.mjs"
LOADED = ("ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'"
)
HEAD, HEADER = '<meta charset="utf-8" />', "</header>"
NOTICE = "<p>It runs in this browser: nothing that you draw or type leaves it.</p>"


def run(_params: Params) -> None:
    """Check that the model is the tested one, and put a new site in the place of the old."""
    predictor = Predictor()
    with replaced(SITE) as site:
        fill(site, predictor)
    files = [path for path in SITE.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{SITE}: {predictor.id} in {len(files)} files, {size:,} bytes")


def fill(site: Path, predictor: Predictor) -> None:
    """Put page, model and runtime into the empty folder `site`."""
    shutil.copytree(PAGE, site / "page", ignore=shutil.ignore_patterns("index.html"))
    shutil.copy(WEB / "client.js", site / "page")
    write_text(site / "index.html", index((PAGE / "index.html").read_text(encoding="utf-8")))
    shutil.copy("models/model.onnx", site)
    about = {
        "id": predictor.id,
        "sha256": predictor.about["sha256"],
        "runtime": add_runtime(site),
        "schema": predictor.schema.to_dict(),
    }
    write_json(site / "model.json", about)


def index(page: str) -> str:
    """Give the served page a policy of its own, which a host of files would not send, and say so.

    Raises `UserError` where the page was changed so that neither has a place.
    """
    if HEAD not in page or HEADER not in page:
        raise UserError(f"{PAGE / 'index.html'} lacks {HEAD} or {HEADER}: put it back")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}" />'
    page = page.replace(HEAD, f"{HEAD}\n    {policy}", 1)
    return page.replace(HEADER, f"  {NOTICE}\n    {HEADER}", 1)


def add_runtime(site: Path) -> str:
    """Copy ONNX Runtime Web into `site`, and return where its script is.

    The folder bears the version, so that no browser mixes an old file with a new one.
    """
    files = [RUNTIME / "dist" / name for name in (SCRIPT, *LOADED)]
    for path in (RUNTIME / "package.json", *files):
        if not path.is_file():
            raise UserError(f"{path} is missing: rm -rf {WEB}/node_modules && make edge, for npm")
    folder = site / f"onnxruntime-{read_json(RUNTIME / 'package.json')['version']}"
    folder.mkdir()
    for path in files:
        shutil.copy(path, folder)
    return f"{folder.name}/{SCRIPT}"


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """Give an empty folder, and put it in the place of `folder` when the block ends well."""
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        new = Path(scratch, "new")
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(Path(scratch, "old"))
        new.rename(folder)
