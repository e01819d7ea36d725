"""The report on the rows: one HTML file that needs nothing from the network, and its JSON twin."""

from html import escape
from string import Template
from typing import Any

import numpy as np
import pandas as pd

from .spec import Feature, Schema
from .validation import Rule

BINS = 24
PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --good: #16803c; --bad: #c62828; }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; }
  table { border-collapse: collapse; margin: 1rem 0 2rem; width: 100%; }
  th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left; }
  td.number, th.number { font-variant-numeric: tabular-nums; text-align: right; }
  ul { margin: 0; padding-left: 1.2rem; }
  .good { color: var(--good); } .bad { color: var(--bad); }
  svg { display: block; fill: currentColor; }
</style>
<h1 class="$verdict">$title</h1>
<p>$rows rows, $columns columns.</p>
<h2>Rules</h2>
<table><tr><th>rule<th>claim<th class="number">checked<th>outcome$rules</table>
<h2>Classes of <code>$target</code></h2>
<table><tr><th>class<th class="number">rows<th class="number">share<th>$classes</table>
<h2>Features</h2>
<table><tr><th>feature<th class="number">range<th class="number">lowest<th class="number">mean
<th class="number">highest<th class="number">missing<th>values across the range$features</table>
</html>
""")


def as_json(rules: list[Rule], frame: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """Return the outcome of each rule, for programs."""
    return {
        "valid": not any(rule.problems for rule in rules),
        "rows": len(frame),
        "rules": [
            {
                "rule": rule.name,
                "claim": rule.claim,
                "checked": rule.checked,
                "problems": [vars(problem) for problem in rule.problems],
            }
            for rule in rules
        ],
        "classes": _class_counts(frame, schema),
    }


def as_html(rules: list[Rule], frame: pd.DataFrame, schema: Schema) -> str:
    """Return the outcome of each rule, and what the rows look like, for people."""
    problems = sum(len(rule.problems) for rule in rules)
    counts = _class_counts(frame, schema)
    features = [feature for feature in schema.features if feature.name in frame]
    return PAGE.substitute(
        title=f"The rows have problems: {problems:,}" if problems else "The rows are valid",
        verdict="bad" if problems else "good",
        rows=f"{len(frame):,}",
        columns=f"{len(frame.columns):,}",
        rules="".join(map(_rule, rules)),
        target=escape(schema.target),
        classes="".join(_class(name, n, len(frame)) for name, n in counts.items()),
        features="".join(_feature(frame[feature.name], feature) for feature in features),
    )


def _class_counts(frame: pd.DataFrame, schema: Schema) -> dict[str, int]:
    if schema.target not in frame:
        return {}
    counts = frame[schema.target].astype(str).value_counts()
    return {name: int(counts.get(name, 0)) for name in schema.classes}


def _rule(rule: Rule) -> str:
    items = "".join(f"<li>{escape(problem.message)}" for problem in rule.problems)
    outcome = f'<td class="bad"><ul>{items}</ul>' if items else '<td class="good">holds'
    return (
        f'\n<tr><td>{rule.name}<td>{escape(rule.claim)}<td class="number">{rule.checked:,}{outcome}'
    )


def _class(name: str, count: int, rows: int) -> str:
    share = count / max(1, rows)
    return (
        f'\n<tr><td>{escape(name)}<td class="number">{count:,}<td class="number">{share:.1%}'
        f'<td><meter value="{share:.4f}">{share:.1%}</meter>'
    )


def _feature(column: pd.Series, feature: Feature) -> str:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    known = values[np.isfinite(values)]
    figures = [f"{f(known):.4g}" if known.size else "" for f in (np.min, np.mean, np.max)]
    cells = [f"{feature.low:g} to {feature.high:g}", *figures, f"{int(column.isna().sum()):,}"]
    numbers = "".join(f'<td class="number">{cell}' for cell in cells)
    return f"\n<tr><td>{escape(feature.name)}{numbers}<td>{_histogram(known, feature)}"


def _histogram(values: np.ndarray, feature: Feature) -> str:
    counts, _ = np.histogram(values, bins=BINS, range=(feature.low, feature.high))
    heights = 20 * counts / max(1, counts.max())
    bars = "".join(f"M{6 * i} 20v-{height:.1f}h5V20z" for i, height in enumerate(heights))
    return f'<svg width="{6 * BINS}" height="20" role="img"><path d="{bars}"/></svg>'
