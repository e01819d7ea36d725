"""Execute a project's workflows with act; actions that need GitHub have stand-ins."""

import json
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engines import Result
from lanes.project import Project

STANDINS = Path(__file__).resolve().parent / "actions"


def tool(name: str) -> str:
    """Return the path of a command that this repository's environment brings."""
    found = shutil.which(name, path=Path(sys.executable).parent) or shutil.which(name)
    assert found, f"{name} is missing: uv sync"
    return found


@dataclass(frozen=True)
class Act:
    """A project's workflows, its artifacts and act's cache."""

    project: Project
    state: Path

    def __call__(self, event: str, payload: Mapping[str, object], *options: str) -> Result:
        """Run what `event` starts; the steps' output comes back with each line's job before it."""
        self.state.mkdir(parents=True, exist_ok=True)
        described = self.state / "event.json"
        described.write_text(json.dumps(payload), encoding="utf-8")
        command: list[str | Path] = [
            tool("act"),
            event,
            "--eventpath",
            described,
            "-P",
            "ubuntu-24.04=-self-hosted",
        ]
        for replaced in self._replacements():
            command += ["--local-repository", replaced]
        for name, value in self._variables().items():
            command += ["--env", f"{name}={value}"]
        command += ["--action-cache-path", self.state / "actions", *options]
        return self.project(*command, timeout=1500)

    def _replacements(self) -> list[str]:
        """Name each stand-in at the very commit to which the workflows pin its action."""
        workflows = (self.project.folder / ".github/workflows").glob("*.yml")
        text = "\n".join(path.read_text(encoding="utf-8") for path in workflows)
        actions = sorted(set(re.findall(r"uses: ([\w-]+/([\w-]+)@[0-9a-f]{40})", text)))
        there = {path.name for path in STANDINS.iterdir()}
        return [f"{action}={STANDINS / name}" for action, name in actions if name in there]

    def _variables(self) -> dict[str, str]:
        """Tell a job where wheels come from and where artifacts go, and to write plainly."""
        variables = {"LOCAL_ARTIFACTS": str(self.state / "artifacts"), "NO_COLOR": "1"}
        if wheels := self.project.environment.get("UV_INDEX"):
            variables["UV_INDEX"] = wheels
        return variables
