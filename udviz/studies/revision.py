"""Which version of this program wrote something."""

import subprocess
from pathlib import Path


def git_revision() -> str:
    """Commit of this code, with ``+changes`` if the tree differs from it; empty outside git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+changes", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return described.stdout.strip()
