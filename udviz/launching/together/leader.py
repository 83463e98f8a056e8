"""Starts the processes of this machine, once all machines are there, and again if one went down."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from udviz.launching.together.network import listening_only_on
from udviz.launching.together.seat import Seat
from udviz.launching.together.team import LOOK_EVERY, SAVING, Team
from udviz.studies.identity import LEADER, MEETING
from udviz.studies.lock import HANDED_OVER

RESTARTS = 3  # on every machine, when one of several went down
STOPPED = 130  # exit code of a process that was asked to stop
OWN_WORD = 10.0  # seconds to say why it ends, for a process whose companion has ended


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
            if code is None:
                self._team.kill()
            else:
                self._team.end(patience=SAVING if code == STOPPED else OWN_WORD)
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


def _wait() -> None:
    time.sleep(LOOK_EVERY)
