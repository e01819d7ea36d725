"""Collects what the tests have proven of each choice, and holds `docs/evidence.md` against it.

A test claims with `@pytest.mark.evidence(question, choice, tier, what)`; only a claim whose test
passed counts. `pytest --write-evidence` writes the table; a run that allows no skips
(`FORBID_SKIPS=1`, as in `.ci/run`) fails when the table says anything else.
"""

import os
from collections import defaultdict
from pathlib import Path
from typing import cast

import pytest

TABLE = Path(__file__).resolve().parent.parent / "docs/evidence.md"
TIERS = (
    "real tool executed",
    "real client against a protocol server on loopback",
    "executed by our own subset runner",
    "checked against a schema only",
)
HEAD = """\
# What was executed, and how

Written by the tests (`make evidence`): a row is here because the tests behind it passed.
The tier is the highest that a choice reached:

{tiers}

| question | choice | tier | shown by |
|---|---|---|---|
"""
Claim = tuple[str, str]


class Evidence:
    """The claims of the tests that passed, and the tests that were skipped."""

    def __init__(self, write: bool) -> None:
        self.write = write
        self.forbid_skips = os.environ.get("FORBID_SKIPS") == "1"
        self.claims: dict[Claim, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.skipped: list[str] = []

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        # A report carries its properties to whoever collects it, another process included.
        item.user_properties += [("evidence", mark.args) for mark in item.iter_markers("evidence")]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.append(report.nodeid)
        if report.when == "call" and report.passed:
            for name, claim in report.user_properties:
                if name != "evidence":
                    continue
                question, choice, tier, what = cast("tuple[str, str, str, str]", claim)
                self.claims[question, choice][TIERS.index(tier)].append(what)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workerinput"):  # of pytest-xdist: only its parent sees all
            return
        if self.write and session.exitstatus == 0:
            TABLE.write_text(self.table(), encoding="utf-8")
        if self.forbid_skips and session.exitstatus == 0 and self.complaint():
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.forbid_skips and (complaint := self.complaint()):
            terminalreporter.section("evidence", sep="=", red=True)
            terminalreporter.write_line(complaint)

    def complaint(self) -> str:
        """Say what a run without skips may not leave behind; empty when all is well."""
        if self.skipped:
            return "skipped, which FORBID_SKIPS does not allow: " + ", ".join(self.skipped)
        if TABLE.read_text(encoding="utf-8") != self.table():
            return "docs/evidence.md is not what the tests have shown: make evidence"
        return ""

    def table(self) -> str:
        """Return the whole page."""
        rows = []
        for (question, choice), tiers in sorted(self.claims.items()):
            best = min(tiers)
            shown = "; ".join(sorted(set(tiers[best])))
            rows.append(f"| {question} | {choice} | {TIERS[best]} | {shown} |")
        listing = "\n".join(f"{number}. {tier}" for number, tier in enumerate(TIERS, 1))
        return HEAD.format(tiers=listing) + "\n".join(rows) + "\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-evidence", action="store_true", help="write docs/evidence.md")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "evidence(question, choice, tier, what): what a passed test shows of a choice"
    )
    config.pluginmanager.register(Evidence(config.getoption("--write-evidence")), "evidence-table")
