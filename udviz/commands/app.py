"""Open the app in a browser: udviz app --runs runs."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from udviz.installation import APP, ENVIRONMENT


def main(arguments: Sequence[str]) -> None:
    """Become the app's server."""
    parser = argparse.ArgumentParser(
        prog="udviz app",
        description="Open the app in a browser.",
        epilog="Other options are Streamlit's, as --server.port 8502 or --server.headless true.",
    )
    parser.add_argument("--runs", type=Path, help="folder of all studies; default: runs")
    asked, options = parser.parse_known_args(arguments)
    program = [sys.executable, "-m", "streamlit", "run", str(APP), *options]
    os.execve(sys.executable, program, {**os.environ, **ENVIRONMENT, **_runs(asked.runs)})


def _runs(folder: Path | None) -> dict[str, str]:
    return {} if folder is None else {"UDVIZ_RUNS": str(folder.absolute())}
