"""Hold data/raw/rows.parquet against the schema and the limits of params.yaml.

Rows that break no rule go on to data/validated. The report is written either way:
reports/validation.html for people, reports/validation.json for programs.
"""

from pathlib import Path

from ..artifacts import write_json, write_text
from ..data.report import as_html, as_json
from ..data.rows import RAW, VALIDATED, read_rows, write_rows
from ..data.schema import SCHEMA
from ..data.validation import Rule, check
from ..errors import UserError
from ..params import Params

SHOWN = 20


def run(params: Params) -> None:
    """Write the report, then the rows if they hold."""
    Path(VALIDATED).unlink(missing_ok=True)
    rows = read_rows(RAW)
    rules = check(rows, SCHEMA, params.validate_)
    write_json("reports/validation.json", as_json(rules, rows, SCHEMA))
    write_text("reports/validation.html", as_html(rules, rows, SCHEMA))
    if any(rule.problems for rule in rules):
        raise UserError(_message(rules))
    write_rows(rows[[*SCHEMA.feature_names, SCHEMA.target]], VALIDATED)


def _message(rules: list[Rule]) -> str:
    lines = [f"  {rule.name}: {problem.message}" for rule in rules for problem in rule.problems]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"  and {len(lines) - SHOWN} more"]
    cure = "Mend the source or `load()` in data/source.py; what is too narrow is in data/schema.py."
    return "\n".join([f"{RAW} breaks rules (all in reports/validation.html):", *lines, cure])
