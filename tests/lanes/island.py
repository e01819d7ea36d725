"""A set-up project on a machine that has nothing but loopback."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engines import Result
from lanes.project import Project

CUT_OFF = Path(__file__).resolve().parent / "cut_off.sh"
NEEDED = [name for name in ("unshare", "ip", "strace") if not shutil.which(name)]


def _can_cut_off() -> bool:
    return not NEEDED and subprocess.run(["unshare", "-rn", "true"], check=False).returncode == 0


needs_island = pytest.mark.skipif(
    not _can_cut_off(), reason=f"needs network namespaces; missing: {NEEDED or 'the right'}"
)


class Island:
    """A project whose commands run cut off; `notes` keeps what the last one tried to reach."""

    def __init__(self, project: Project, notes: Path) -> None:
        self.project, self.notes = project, notes

    def __call__(self, *command: str) -> Result:
        return self.project(CUT_OFF, self.notes, *command, timeout=600)

    def reached_for(self) -> set[str]:
        """Return the addresses beyond loopback that the last command tried."""
        calls = self.notes.read_text(encoding="utf-8", errors="replace")
        pattern = r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"'
        found = {four or six for four, six in re.findall(pattern, calls)}
        home = ("127.", "::ffff:127.")
        return {one for one in found if not one.startswith(home) and one != "::1"}
