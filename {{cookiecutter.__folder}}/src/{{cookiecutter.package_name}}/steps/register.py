"""Keep the evaluated model in the registry; or promote, list or fetch what it holds."""

import argparse
from pathlib import Path

from .. import registry
from ..params import Params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Without any of the three, the model in `models/` is registered."""
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--promote", metavar="ID", help="give the alias to this registered model")
    action.add_argument("--list", action="store_true", help="list the registered models")
    action.add_argument(
        "--fetch", metavar="FOLDER", type=Path, help="put the model with the alias into this folder"
    )
    parser.add_argument("--alias", default="champion", help="default: %(default)s")


def run(
    params: Params,  # noqa: ARG001
    *,
    promote: str | None = None,
    alias: str = "champion",
    list: bool = False,  # noqa: A002
    fetch: Path | None = None,
) -> None:
    """Do what the options say, and print which model it was done to."""
    if promote:
        registry.promote(promote, alias)
        print(f"{alias} is now {promote}")
    elif fetch:
        print(f"{fetch} now holds {registry.fetch(alias, fetch)}")
    elif list:
        _print_table()
    else:
        model = registry.register()
        print(
            f"registered {model}; to make it the champion: make register ARGS='--promote {model}'"
        )


def _print_table() -> None:
    print(f"{'id':<24} {'registered':<26} {'accuracy':>8} {'loss':>8}  {'data':<12}  aliases")
    for entry in registry.entries():
        accuracy, loss = entry.metrics["accuracy"], entry.metrics["loss"]
        aliases = ", ".join(entry.aliases)
        print(
            f"{entry.id:<24} {entry.registered:<26} {accuracy:>8.4f} {loss:>8.4f}"
            f"  {entry.data[:12]:<12}  {aliases}".rstrip()
        )
