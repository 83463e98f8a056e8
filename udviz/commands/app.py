"""Open the app in a browser: udviz app --runs runs."""

import argparse
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from udviz.installation import APP, ENVIRONMENT


def main(arguments: Sequence[str]) -> None:
    """Become the app's server."""
    parser = argparse.ArgumentParser(
        prog="udviz app",
        description="Open the app in a browser.",
        epilog="Other options are Streamlit's, as --server.port 8502 or --server.headless true.",
    )
    parser.add_argument("--runs", type=Path, help="folder of all studies; default: runs")
    parser.add_argument("--until-input-ends", action="store_true", help=argparse.SUPPRESS)
    asked, options = parser.parse_known_args(arguments)
    program = ["streamlit", "run", str(APP), *options]
    if not asked.until_input_ends:
        environment = {**os.environ, **ENVIRONMENT, **_runs(asked.runs)}
        os.execve(sys.executable, [sys.executable, "-m", *program], environment)
    os.environ.update(_runs(asked.runs))
    Thread(target=_end_with_input, daemon=True).start()
    sys.argv = program
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


def _end_with_input() -> None:
    """End this process with the one that holds the other end of its input, however that ends."""
    sys.stdin.buffer.read()
    os._exit(0)  # a server holds nothing that a gentle end would save


def _runs(folder: Path | None) -> dict[str, str]:
    return {} if folder is None else {"UDVIZ_RUNS": str(folder.absolute())}
