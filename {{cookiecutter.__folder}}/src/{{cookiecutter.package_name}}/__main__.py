"""List and run the steps of the project.

This module does not know what a step needs: each is a module in `steps` with a `run` and, where
it takes more than the params, an `add_arguments`. Its libraries are imported only when it runs.
"""

import argparse
import ast
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from .errors import UserError
from .params import load_params

STEPS = {
    "ingest": "fetch the source rows into data/raw",
    "validate": "hold the raw rows against the schema, and write a report",
    "prepare": "split the rows into train, validation and test",
    "train": "train one of the models that params.yaml names",
    "select": "name the model that does best on the validation split",
    "export": "write the champion as models/model.onnx and check parity",
    "evaluate": "test the champion once, and write its card",
    "convert": "take a model's weights to another framework, or bring some from there",
    "register": "keep the evaluated model in the registry, or promote one",
    "tune": "search for better hyperparameters",
    "score": "predict the rows of a Parquet file",
    "monitor": "compare what the service saw with what the model was trained on",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the step that `arguments` (default: the command line) names; return the exit code.

    A step returns its own exit code or nothing. A `UserError` becomes one line on standard error
    and exit code 2; any other exception is a bug and keeps its traceback.
    """
    words = sys.argv[1:] if arguments is None else arguments
    name = words[0] if words else "--help"
    if name not in (steps := _steps()):
        _overview(steps).parse_args([name])
    try:
        step = import_module(f".steps.{name}", __package__)
        options = vars(_parser(name, step).parse_args(words[1:]))
        return step.run(load_params(options.pop("params")), **options) or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _steps() -> dict[str, str]:
    """Say what each step does: the ones above, then those of the other modules in `steps`."""
    found = dict(STEPS)
    for path in sorted((Path(__file__).parent / "steps").glob("[a-z]*.py")):
        if path.stem not in found:
            about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem
            first = about.splitlines()[0].rstrip(".")
            found[path.stem] = first[0].lower() + first[1:]
    return found


def _parser(name: str, step: ModuleType) -> argparse.ArgumentParser:
    program = f"python -m {__package__} {name}"
    parser = argparse.ArgumentParser(prog=program, description=step.__doc__)
    parser.add_argument(
        "--params", type=Path, default=Path("params.yaml"), help="hyperparameters and limits"
    )
    if hasattr(step, "add_arguments"):
        step.add_arguments(parser)
    return parser


def _overview(steps: dict[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Run one step of the project.",
        epilog="steps:\n" + "\n".join(f"  {name:<10} {text}" for name, text in steps.items()),
    )
    parser.add_argument("step", choices=steps, metavar="step", help="see below; each has --help")
    return parser


if __name__ == "__main__":
    sys.exit(main())
