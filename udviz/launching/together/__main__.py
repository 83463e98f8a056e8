"""Run one command in several processes of this machine, alone or together with other machines.

python -m udviz.launching.together --processes 8 -- -m pipelines.study --recipe coco2014 ...
They find each other through a file and listen on the loopback interface, or on the one interface
that lies in --network. torchrun's store, which listens everywhere and unpickles, is not used.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from udviz.launching.together.leader import Leader
from udviz.launching.together.network import LOOPBACK, check_network, interface_in
from udviz.launching.together.seat import private_folder
from udviz.studies.failure import reason


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for.

    Raises:
        SystemExit: If it cannot be, or for ``--help``.
    """
    parser = argparse.ArgumentParser(
        prog="python -m udviz.launching.together",
        usage="%(prog)s --processes N [...] -- ARGUMENTS OF PYTHON",
        description=__doc__,
        allow_abbrev=False,
    )
    parser.add_argument("--processes", type=int, default=1, help="Processes on each machine.")
    parser.add_argument("--machines", type=int, default=1, help="Machines that train together.")
    parser.add_argument("--network", default=LOOPBACK, help="Of several machines, as 10.1.0.0/16.")
    parser.add_argument("--public", action="store_true", help="The network may be a public one.")
    parser.add_argument("--meet", type=Path, help="Folder that all machines see; made if need be.")
    end = arguments.index("--") if "--" in arguments else len(arguments)
    asked = parser.parse_args(arguments[:end])
    if min(asked.processes, asked.machines) < 1:
        parser.error("--processes and --machines must be at least 1.")
    if asked.machines > 1 and asked.meet is None:
        parser.error("--meet must name a folder that all machines see, got none.")
    if not arguments[end + 1 :]:
        parser.error("what to run must follow `--`, as -- -m pipelines.study --recipe demo.")
    asked.command = arguments[end + 1 :]
    return asked


def _folder(asked: argparse.Namespace) -> AbstractContextManager[str]:
    """Where to meet: the folder that was named, or one that lasts as long as this process."""
    if asked.meet is None:
        return tempfile.TemporaryDirectory(prefix="udviz-", ignore_cleanup_errors=True)
    asked.meet.parent.mkdir(parents=True, exist_ok=True)
    return nullcontext(str(private_folder(asked.meet)))


def main(arguments: Sequence[str]) -> None:
    """Run what the command line says; ends with its exit code."""
    asked = parse(arguments)
    try:
        interface = interface_in(check_network(asked.network, public=asked.public))
        leader = Leader(
            asked.command,
            n_processes=asked.processes,
            n_machines=asked.machines,
            interface=interface,
        )
        with _folder(asked) as folder:
            code = leader.lead(Path(folder))
    except (OSError, ValueError) as error:
        raise SystemExit(f"Failed: {reason(error)}") from error
    raise SystemExit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main(sys.argv[1:])
