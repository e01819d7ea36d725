"""Size, accuracy and parity of every format of every candidate; runs in a project.

    cd PROJECT && .venv/bin/python …/bench/loops/formats.py

prints a table for a project whose pipeline has run. Figures are those of the test split; the
largest difference is that of a probability to the framework's own. A format that loses more of the
accuracy on the validation split than export.maximum_drop allows is marked: the project's steps
would refuse it.
"""

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from clock import PACKAGE, module

Answer = Callable[[np.ndarray], np.ndarray]


def formats(name: str, folder: Path) -> Iterator[tuple[str, int, Answer]]:
    """Give each format of a candidate: its name, its bytes, and what answers with it."""
    params, schema = module("params").load_params(), module("data.schema").SCHEMA
    export, calibration = module("steps.export"), module("steps.export").calibration()
    candidate = module("model.training").load(
        f"models/candidates/{name}", params.models[name], schema
    )
    path = folder / f"{name}.onnx"
    for kind in ("onnx", "onnx int8"):
        if kind == "onnx":
            export.export(candidate, schema, path)
        else:
            export.quantise(path, calibration)
        yield kind, path.stat().st_size, graph(path)
    if importlib.util.find_spec(f"{PACKAGE}.litert"):
        whole = module("model.lite").convert(candidate, schema)
        small = module("litert_int8").quantise(whole, calibration)
        for kind, content in (("tflite", whole), ("tflite int8", small)):
            yield kind, len(content), module("litert").LiteModel(content).probabilities


def graph(path: Path) -> Answer:
    """Return what answers with an ONNX graph."""
    session = module("predictor").open_session(path)
    return lambda inputs: np.asarray(session.run(["probabilities"], {"inputs": inputs})[0])


def main() -> None:
    """Print the table."""
    params, schema = module("params").load_params(), module("data.schema").SCHEMA
    read, framework = module("data.prepared").read_split, module("model.export").probabilities
    (inputs, labels), (held, truth) = read("test"), read("validation")
    print("| model | format | bytes | accuracy | largest difference | gate |")
    print("|---|---|---:|---:|---:|---|")
    for name, settings in params.models.items():
        model = module("model.training").load(f"models/candidates/{name}", settings, schema)
        expected = framework(model, inputs)
        least = (framework(model, held).argmax(axis=1) == truth).mean() - params.export.maximum_drop
        with tempfile.TemporaryDirectory() as folder:
            for kind, size, answer in formats(name, Path(folder)):
                found = answer(inputs)
                accuracy = (found.argmax(axis=1) == labels).mean()
                passed = (answer(held).argmax(axis=1) == truth).mean() >= least
                print(
                    f"| {name} | {kind} | {size:,} | {accuracy:.4f} | "
                    f"{np.abs(found - expected).max():.1e} | {'passed' if passed else 'refused'} |"
                )


if __name__ == "__main__":
    main()
