"""The model card: what a model is, how well it does, and where it should not be trusted."""

from textwrap import dedent
from typing import Any

import numpy as np
import pandas as pd

from ..metrics import interval

WORST = 3


def model_card(
    about: dict[str, Any],
    table: pd.DataFrame,
    counts: np.ndarray,
    sizes: dict[str, int],
    source: str,
) -> str:
    """Write the card as Markdown.

    `about` is what goes into model.json, `table` the figures of each class, `counts` the confusion
    matrix, `sizes` the rows of each split. `source` is the docstring of the data's source: from
    its second paragraph on it tells readers of the card what the data is.
    """
    sections = [
        _what_it_is(about),
        _data(about, sizes, source),
        _results(about["metrics"], sizes["test"]),
        _classes(table, counts),
        _limits(table, sizes["test"]),
        _reproduce(about),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _what_it_is(about: dict[str, Any]) -> str:
    schema, settings = about["schema"], about["params"]
    names = [feature["name"] for feature in schema["features"]]
    return "\n".join(
        [
            f"# Model card: {about['id']}",
            "",
            f"Tells {len(schema['classes'])} classes of `{schema['target']}` apart "
            f"from {len(names)} numeric features of one row.",
            "",
            "| | |",
            "|---|---|",
            f"| Classes | {', '.join(map(_code, schema['classes']))} |",
            f"| Input | raw features as float32, shape {_shape(schema['input_shape'])}, "
            f"`{names[0]}` to `{names[-1]}`; scaling is part of the model |",
            "| Output | one probability for each class |",
            f"| Network | {settings['network']}, "
            f"widths {', '.join(map(str, settings['widths']))} |",
            f"| File | `model.onnx`, SHA-256 `{about['sha256']}` |",
        ]
    )


def _data(about: dict[str, Any], sizes: dict[str, int], source: str) -> str:
    _, _, description = source.partition("\n\n")
    total = sum(sizes.values())
    rows = [f"| {name} | {rows:,} | {rows / total:.0%} |" for name, rows in sizes.items()]
    return "\n".join(
        [
            "## Data",
            "",
            *([description.strip(), ""] if description.strip() else []),
            "Equal rows were dropped before the split, so that no copy of a training row is among "
            "the test rows; every class has its share of each split.",
            "",
            "| split | rows | share |",
            "|---|---:|---:|",
            *rows,
            "",
            f"Fingerprint of the three splits: `{about['data']}`.",
        ]
    )


def _results(metrics: dict[str, float], rows: int) -> str:
    low, high = interval(round(metrics["accuracy"] * rows), rows)
    return dedent(f"""
        ## Results

        On the test split: {rows:,} rows that neither training nor the choice between models saw.

        | figure | value |
        |---|---:|
        | accuracy | {metrics["accuracy"]:.4f} |
        | 95 % interval of the accuracy | {low:.4f} to {high:.4f} |
        | macro F1 | {metrics["macro_f1"]:.4f} |
        | log loss | {metrics["loss"]:.4f} |
        | accuracy of logistic regression on the same rows | {metrics["baseline_accuracy"]:.4f} |
        | margin over it | {metrics["margin"]:+.4f} |
    """)


def _classes(table: pd.DataFrame, counts: np.ndarray) -> str:
    rows = [
        f"| {_code(name)} | {precision:.3f} | {recall:.3f} | {f1:.3f} | {count} |"
        for name, precision, recall, f1, count in table.itertuples(index=False)
    ]
    head = ["| class | precision | recall | F1 | rows |", "|---|---:|---:|---:|---:|"]
    return "\n".join(
        ["### By class", "", *head, *rows, "", _mistakes(list(table["class"]), counts)]
    )


def _mistakes(names: list[str], counts: np.ndarray) -> str:
    wrong = counts - np.diag(counts.diagonal())
    if not wrong.any():
        return "It made no mistake on these rows."
    order = [index for index in np.argsort(-wrong, axis=None, kind="stable") if wrong.flat[index]]
    pairs = [(divmod(int(index), len(names)), wrong.flat[index]) for index in order[:WORST]]
    text = "; ".join(
        f"{_code(names[actual])} taken for {_code(names[guess])} ({times}x)"
        for (actual, guess), times in pairs
    )
    return f"Its {wrong.sum()} mistakes" + (f", the most frequent: {text}." if text else ".")


def _limits(table: pd.DataFrame, rows: int) -> str:
    weakest = table.sort_values(["f1", "class"]).iloc[0]
    return dedent(f"""
        ## Limits

        - It knows these {len(table)} classes only, and gives one of them to any input.
        - The figures hold for data like the above. From elsewhere, expect less, and measure it.
        - {rows:,} test rows leave room for chance: see the interval. A class has fewer still; the
          lowest F1 is {weakest["f1"]:.3f}, {_code(weakest["class"])} on {weakest["rows"]} rows.
        - Values outside the schema's ranges are refused before the model sees them.
        - Its probabilities are not calibrated: choose a threshold on data of your own.
    """)


def _reproduce(about: dict[str, Any]) -> str:
    settings = ", ".join(f"{key} {value}" for key, value in about["params"].items())
    return dedent(f"""
        ## How to reproduce

        | | |
        |---|---|
        | Code | `{about["code"]}` |
        | Environment | `uv.lock`, SHA-256 `{about["lock"]}` |
        | Seed | {about["seed"]} |
        | Hyperparameters | {settings} |

        {_origin(about["imported"]) if "imported" in about else _how(about["code"])}
    """)


def _origin(imported: dict[str, str]) -> str:
    return (
        f"The weights were not trained here. They come from {_code(imported['file'])}, SHA-256 "
        f"{_code(imported['sha256'])}: `convert --from` reads that file."
    )


def _how(revision: str) -> str:
    if revision == "unversioned" or revision.endswith("-dirty"):
        return "No commit holds this code: commit before the next `make pipeline`."
    return "Check that revision out with its data, then `make setup pipeline`."


def _code(text: object) -> str:
    return f"`{text}`"


def _shape(shape: list[int] | tuple[int, ...]) -> str:
    return "(n, " + ", ".join(map(str, shape)) + ")"
