"""DVC re-runs a stage when one of its `deps` changed, so the lists must be complete."""

import ast
from pathlib import Path

import pytest
import yaml

import {{cookiecutter.package_name}}

ROOT = Path(__file__).parents[2]
PACKAGE = Path({{cookiecutter.package_name}}.__file__).parent
# These read params, write files or report: no result depends on them.
PLUMBING = {"artifacts.py", "data/rows.py", "errors.py", "params.py", "tracking.py"}
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def imported(module: Path) -> set[Path]:
    """Return the modules of the package that `module` imports, whether at its top or inside."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = module.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            names = [folder.with_suffix(".py"), *(folder / f"{a.name}.py" for a in node.names)]
            found |= {path for path in names if path.is_file()}
    return found


def needed(stage: str) -> set[str]:
    """Return every module that the stage's step reaches by imports, but not through plumbing."""
    reached: set[Path] = set()
    plumbing = {PACKAGE / module for module in PLUMBING}
    waiting = {PACKAGE / "steps" / f"{stage}.py"}
    while waiting:
        module = waiting.pop()
        reached.add(module)
        waiting |= imported(module) - reached - plumbing
    return {f"src/{PACKAGE.name}/{module.relative_to(PACKAGE).as_posix()}" for module in reached}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_that_it_runs(stage: str) -> None:
    deps = STAGES[stage].get("do", STAGES[stage])["deps"]
    assert {dep for dep in deps if dep.endswith(".py")} == needed(stage)
    assert deps == sorted(deps)
