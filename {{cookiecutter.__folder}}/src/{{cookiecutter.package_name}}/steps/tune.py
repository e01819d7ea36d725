"""Search for better hyperparameters, in the space that params.yaml gives.

With more than one model the model is chosen as well, and tried in the space of its own. Writes
reports/tuning: best.yaml, which `train --params` takes as it is, trials.csv and
history.png. A search that was interrupted goes on; with more --trials a finished one does too.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from ..artifacts import atomic, fingerprint, write_text
from ..data.prepared import data_fingerprint, read_split
from ..data.schema import SCHEMA
from ..errors import DivergedError, UserError
from ..fitting import Rows, code_hashes, fit
from ..params import ModelParams, Params, changed
from ..provenance import origin
from ..reporting.tuning import save_history, trial_table
from ..tracking import Scalar, start_run
from ..trials import Best, Pruned, Report, Value
from ..tuning import search

REPORTS = Path("reports/tuning")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Every option has its default in params.yaml."""
    parser.add_argument(
        "--model",
        nargs="+",
        metavar="NAME",
        help="one or more names below `models` (default: the first)",
    )
    parser.add_argument("--trials", type=int, help="trials in all (default: tune.trials)")
    parser.add_argument("--parallel", type=int, help="trials at once (default: tune.parallel)")
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
    model: Sequence[str] | None = None,
    trials: int | None = None,
    parallel: int | None = None,
    apply: Path | None = None,
) -> None:
    """Tune one model or several, with the splits, the seed and the code that `train` uses."""
    models = list(dict.fromkeys(model or [next(iter(params.models))]))
    wanted = params.tune.trials if trials is None else trials
    at_once = params.tune.parallel if parallel is None else parallel
    _require(params, models, wanted, at_once)
    spaces = {name: params.tune.space_of(name) for name in models}
    folder = Path(".cache/tuning") / f"{'-'.join(models)[:60]}-{_fingerprint(params, models)}"
    best = search(Objective(params, origin()), spaces, wanted, params.seed, folder, at_once)
    _report(best, changed(params.models[best.model], best.values), params.seed)
    print(f"{best.model}: best validation loss {best.loss:.4f} of {len(best.trials)} trials with")
    print("\n".join(f"  {name}: {_plain(value)}" for name, value in best.values.items()))
    if apply:
        apply_values(best.values, best.model, apply)
        print(f"written into {apply}; train with it: make pipeline")
    else:
        print(f"see {REPORTS}; --apply writes them into params.yaml")


@dataclass(frozen=True)
class Objective:
    """The validation loss of a model with other values; every trial is a tracked run."""

    params: Params
    origin: Mapping[str, Scalar]

    def __call__(self, model: str, values: dict[str, Value], report: Report) -> float:
        """Fit, and raise `Pruned` for values with which training diverges."""
        settings = changed(self.params.models[model], values | {"workers": 1})
        train, validation = self._splits
        seed = self.params.seed
        hopeless: Pruned | None = None
        with start_run("tune", self._shown(model, values), [model]) as run:
            try:
                return fit(model, settings, SCHEMA, train, validation, seed, run, report).loss
            except (Pruned, DivergedError) as stop:  # a trial that is given up is no failed run
                run.log({"pruned": 1.0})
                hopeless = Pruned(str(stop))
        raise hopeless

    def _shown(self, model: str, values: dict[str, Value]) -> dict[str, Scalar]:
        plain: dict[str, Scalar] = {name: _plain(value) for name, value in values.items()}
        return {"model": model, "seed": self.params.seed, **plain, **self.origin}

    @cached_property
    def _splits(self) -> tuple[Rows, Rows]:
        return read_split("train"), read_split("validation")


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


def _require(params: Params, models: Sequence[str], trials: int, parallel: int) -> None:
    if unknown := [name for name in models if name not in params.models]:
        known = ", ".join(params.models)
        raise UserError(f"params.yaml names no model {unknown[0]!r}, only {known}")
    if trials < 1 or parallel < 1:
        raise UserError("nothing to try: --trials and --parallel are one or more")
    for name in models:
        if not params.tune.space_of(name):
            raise UserError(f"nothing to try for {name}: params.yaml needs tune.space")


def _fingerprint(params: Params, models: Sequence[str]) -> str:
    """Tell apart what must not share trials: data, spaces, the models' own params, seed, code."""
    settings = []
    for name in models:
        space = params.tune.space_of(name)
        # What is tried has no part in it: `--apply` changes that.
        own = params.models[name].model_dump(mode="json", exclude={*space, "workers"})
        tried = {key: each.model_dump(mode="json") for key, each in space.items()}
        settings.append(json.dumps([name, own, tried]))
    return fingerprint(data_fingerprint(), *settings, str(params.seed), *code_hashes())


def _report(best: Best, settings: ModelParams, seed: int) -> None:
    found = {"seed": seed, "models": {best.model: settings.model_dump(mode="json")}}
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
