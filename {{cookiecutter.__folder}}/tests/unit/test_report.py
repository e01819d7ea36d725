import re

import pandas as pd

from {{cookiecutter.package_name}}.data.report import as_html, as_json
from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.validation import Problem, Rule

HOLDS = Rule("range", "every feature lies in its range", 80, [])
BROKEN = Rule("labels", "every label is known", 4, [Problem("x", 2, "x: 2 values <b>'?'</b>")])


def test_the_page_loads_nothing(rows: pd.DataFrame) -> None:
    page = as_html([HOLDS], rows, SCHEMA)
    assert not re.search(r"https?:|<script|<link|<img|@import|url\(", page)


def test_the_page_shows_every_feature_and_class(rows: pd.DataFrame) -> None:
    page = as_html([HOLDS], rows, SCHEMA)
    assert "The rows are valid" in page
    assert page.count("<svg") == len(SCHEMA.features)
    assert page.count("<meter") == len(SCHEMA.classes)


def test_a_problem_is_shown_as_text_not_as_markup(rows: pd.DataFrame) -> None:
    page = as_html([HOLDS, BROKEN], rows, SCHEMA)
    assert "The rows have problems: 1" in page
    assert "x: 2 values &lt;b&gt;&#x27;?&#x27;&lt;/b&gt;" in page


def test_rows_beyond_repair_still_get_a_page() -> None:
    nothing = pd.DataFrame({"other": ["x"], SCHEMA.feature_names[0]: ["not a number"]})
    assert SCHEMA.feature_names[0] in as_html([BROKEN], nothing, SCHEMA)


def test_programs_get_the_same(rows: pd.DataFrame) -> None:
    found = as_json([HOLDS, BROKEN], rows, SCHEMA)
    assert found["valid"] is False
    assert found["classes"] == dict.fromkeys(SCHEMA.classes, 40)
    assert [len(rule["problems"]) for rule in found["rules"]] == [0, 1]
    assert found["rules"][1]["problems"][0]["count"] == 2
