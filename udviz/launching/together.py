"""Run one command in several processes of this machine, alone or together with other machines.

python -m udviz.launching.together --processes 8 -- -m pipelines.study --recipe coco2014 ...
They find each other through a file and listen on the loopback interface, or on the one interface
that lies in --network. torchrun's store, which listens everywhere and unpickles, is not used.
"""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import FrameType

from udviz.launching.network import LOOPBACK, check_network, interface_in, listening_only_on
from udviz.launching.seat import Seat, private_folder
from udviz.studies.failure import reason
from udviz.studies.identity import LEADER, MEETING
from udviz.studies.lock import HANDED_OVER

RESTARTS = 3  # on every machine, when one of several went down
STOPPED = 130  # exit code of a process that was asked to stop
OWN_WORD = 10.0  # seconds to say why it ends, for a process whose companion has ended
SAVING = 90.0  # seconds to write a checkpoint and end
LOOK_EVERY = 0.1  # seconds
_PATIENCE = {None: 0.0, STOPPED: SAVING}  # with the others, by the exit code of the first
_PR_SET_PDEATHSIG = 1


class Team:
    """The processes of this machine in one meeting.

    Args:
        arguments: Of Python, the same for all.
        environments: Of each.
        lock: File descriptor that only the first gets; None = none.
    """

    def __init__(
        self, arguments: Sequence[str], environments: list[dict[str, str]], lock: int | None
    ) -> None:
        self._processes = [
            subprocess.Popen(
                [sys.executable, *arguments],
                env=environment,
                pass_fds=() if lock is None or number > 0 else (lock,),
                process_group=0,  # Ctrl-C reaches them through this process, and once
                preexec_fn=_die_with_parent,
            )
            for number, environment in enumerate(environments)
        ]

    @property
    def code(self) -> int | None:
        """0 once all have ended well, another exit code once one has not; None before."""
        codes = [process.poll() for process in self._processes]
        bad = [code for code in codes if code]
        return bad[0] if bad else None if None in codes else 0

    def tell(self) -> None:
        """Ask all that live to save and end."""
        for process in self._processes:
            process.terminate()

    def end(self, *, patience: float) -> None:
        """See all end, after ``patience`` seconds by SIGTERM, and by SIGKILL if need be."""
        if not self._has_ended_in(patience):
            self.tell()
        if not self._has_ended_in(SAVING):
            for process in self._processes:
                process.kill()
        for process in self._processes:
            process.wait()

    def _has_ended_in(self, seconds: float) -> bool:
        ends = time.monotonic() + seconds
        while any(process.poll() is None for process in self._processes):
            if time.monotonic() >= ends:
                return False
            time.sleep(LOOK_EVERY)
        return True


class Leader:
    """Starts a team, again where machines went down, and passes SIGTERM on to it.

    Args:
        arguments: Of Python, for one process.
        n_processes: On this machine, as on every other.
        n_machines: That train together.
        interface: Where the processes listen.
    """

    def __init__(
        self, arguments: Sequence[str], *, n_processes: int, n_machines: int, interface: str
    ) -> None:
        self._arguments = arguments
        self._n_processes = n_processes
        self._n_machines = n_machines
        self._interface = interface
        self._seat: Seat | None = None
        self._team: Team | None = None
        self._is_told = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)

    def lead(self, folder: Path) -> int:
        """Run the command to its end; its exit code.

        Args:
            folder: Private folder that all machines see.
        """
        seat = Seat(folder, self._n_machines, is_over=lambda: self._is_told, wait=_wait)
        self._seat = seat
        try:
            n_restarts = RESTARTS if self._n_machines > 1 else 0
            for _ in range(n_restarts + 1):
                code = self._run(seat)
                if code in (0, STOPPED) or self._is_told or seat.has_any_left():
                    break
                seat.renew()
            return code
        finally:
            seat.leave()  # also where the last meeting ended well: its token is used up

    def _run(self, seat: Seat) -> int:
        """Train until an end, though other machines come back meanwhile; its exit code."""
        while True:
            while not (met := seat.meeting()):
                if self._is_told:
                    return STOPPED
                if self._team and seat.has_any_left():  # before, it may yet come
                    return 1
                _wait()
            self._team = self._team_of(seat, met)
            if self._is_told:
                self._team.tell()
            code = _code_of(self._team, seat, met)
            self._team.end(patience=_PATIENCE.get(code, OWN_WORD))
            if code != 0:
                seat.file_of(met).unlink(missing_ok=True)
            if code is not None:
                return code

    def _team_of(self, seat: Seat, met: tuple[str, ...]) -> Team:
        """Processes that know their number among all."""
        threads = {"OMP_NUM_THREADS": "1"} if self._n_processes > 1 else {}  # they share the cores
        shared = {
            **threads,
            **os.environ,
            **listening_only_on(self._interface),
            LEADER: str(os.getpid()),
            MEETING: str(seat.file_of(met)),
            "WORLD_SIZE": str(self._n_machines * self._n_processes),
            "LOCAL_WORLD_SIZE": str(self._n_processes),
        }
        first = seat.number * self._n_processes
        environments = [
            shared | {"RANK": str(first + number), "LOCAL_RANK": str(number)}
            for number in range(self._n_processes)
        ]
        return Team(self._arguments, environments, _lock_for(seat))

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        if not self._is_told and self._team is not None:
            self._team.tell()
        self._is_told = True
        if self._seat is not None:
            self._seat.leave()


def _code_of(team: Team, seat: Seat, met: tuple[str, ...]) -> int | None:
    """Exit code of a team; None once the machines have to meet anew."""
    ends = float("inf")
    while (code := team.code) is None:
        if seat.meeting() not in ((), met):
            return None
        if seat.has_any_left():
            ends = min(ends, time.monotonic() + SAVING)
        if time.monotonic() > ends:
            return 1
        _wait()
    return code


def _lock_for(seat: Seat) -> int | None:
    """The study's lock, if it was handed over; that of another machine's study is let go."""
    handed = os.environ.get(HANDED_OVER)
    if handed is None:
        return None
    if seat.number > 0:
        os.close(int(os.environ.pop(HANDED_OVER)))
        return None
    return int(handed)


def _die_with_parent() -> None:
    """Be killed when the parent is, where Linux does that: nobody goes on unseen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait() -> None:
    time.sleep(LOOK_EVERY)


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
