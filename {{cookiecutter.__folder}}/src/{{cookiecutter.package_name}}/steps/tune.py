"""Search for better hyperparameters of one model, in the space that params.yaml gives.

Writes reports/tuning: best.yaml, which `train --params` takes as it is, trials.csv and
history.png. A search that was interrupted goes on; with more --trials a finished one does too.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from ..artifacts import atomic, fingerprint, write_text
from ..data.prepared import data_fingerprint, read_split
from ..data.schema import SCHEMA
from ..errors import DivergedError, UserError
from ..fitting import code_hashes, fit
from ..params import ModelParams, Params, changed
from ..reporting.tuning import save_history, trial_table
from ..tracking import Scalar, start_run
from ..tuning import Best, Objective, Pruned, Value, search

REPORTS = Path("reports/tuning")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Every option has its default in params.yaml."""
    parser.add_argument("--model", help="a name below `models` (default: the first)")
    parser.add_argument("--trials", type=int, help="trials in all (default: tune.trials)")
    parser.add_argument(
        "--apply",
        nargs="?",
        type=Path,
        const=Path("params.yaml"),
        metavar="FILE",
        help="write the best values into FILE too (default: params.yaml)",
    )


def run(
    params: Params,
    model: str | None = None,
    trials: int | None = None,
    apply: Path | None = None,
) -> None:
    """Tune `model`, with the splits, the seed and the code that `train` uses."""
    model = next(iter(params.models)) if model is None else model
    wanted = params.tune.trials if trials is None else trials
    if model not in params.models:
        raise UserError(f"params.yaml names no model {model!r}, only {', '.join(params.models)}")
    if not params.tune.space or wanted < 1:
        raise UserError("nothing to try: params.yaml needs tune.space, and one trial or more")
    folder = Path(".cache/tuning") / f"{model}-{_fingerprint(params, model)}"
    best = search(_objective(params, model), params.tune.space, wanted, params.seed, folder)
    settings = changed(params.models[model], best.values)
    _report(best, model, settings, params.seed)
    print(f"{model}: best validation loss {best.loss:.4f} of {len(best.trials)} trials with")
    print("\n".join(f"  {name}: {_plain(value)}" for name, value in best.values.items()))
    if apply:
        apply_values(best.values, model, apply)
        print(f"written into {apply}; train with it: make pipeline")
    else:
        print(f"see {REPORTS}; --apply writes them into params.yaml")


def apply_values(values: dict[str, Value], model: str, path: Path) -> None:
    """Write `values` below `models.<model>` of the params at `path`; its comments stay."""
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 4096
    data = editor.load(path.read_text(encoding="utf-8"))
    section = data["models"][model]
    for name, value in values.items():
        _assign(section, name, value)
    with atomic(path) as temporary:
        editor.dump(data, temporary)


def _objective(params: Params, model: str) -> Objective:
    train, validation = read_split("train"), read_split("validation")

    def objective(values: dict[str, Value], report: Callable[[int, float], None]) -> float:
        settings = changed(params.models[model], values | {"workers": 1})
        shown: dict[str, Scalar] = {name: _plain(value) for name, value in values.items()}
        hopeless: Pruned | None = None
        with start_run("tune", {"model": model, "seed": params.seed, **shown}, [model]) as run:
            try:
                return fit(
                    model, settings, SCHEMA, train, validation, params.seed, run, report
                ).loss
            except (Pruned, DivergedError) as stop:  # a trial that is given up is no failed run
                run.log({"pruned": 1.0})
                hopeless = Pruned(str(stop))
        raise hopeless

    return objective


def _fingerprint(params: Params, model: str) -> str:
    """Tell apart what must not share trials: data, space, the model's own params, seed, code."""
    space = json.dumps(params.tune.model_dump(mode="json", exclude={"trials"}))
    settings = params.models[model].model_dump_json()
    return fingerprint(data_fingerprint(), space, settings, str(params.seed), *code_hashes())


def _report(best: Best, model: str, settings: ModelParams, seed: int) -> None:
    found = {"seed": seed, "models": {model: settings.model_dump(mode="json")}}
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
    write_text(REPORTS / "best.yaml", f"# validation loss {best.loss:.6f}\n{text}")
    write_text(REPORTS / "trials.csv", trial_table(best.trials).to_csv(index=False))
    save_history(best.trials, REPORTS / "history.png")


def _plain(value: Value) -> Scalar:
    return "-".join(map(str, value)) if isinstance(value, tuple) else value


def _assign(section: CommentedMap, name: str, value: Value) -> None:
    """Change a list in place: the comment after it belongs to the list."""
    old = section.get(name)
    if isinstance(value, tuple) and isinstance(old, CommentedSeq):
        del old[:]
        old.extend(value)
    else:
        section[name] = list(value) if isinstance(value, tuple) else value
