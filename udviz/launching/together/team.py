"""The processes of one machine that train together: started, told to save, seen to end."""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

SAVING = 90.0  # seconds to write a checkpoint and end
LOOK_EVERY = 0.1  # seconds
_PR_SET_PDEATHSIG = 1


class Team:
    """The processes of this machine in one meeting.

    Args:
        arguments: Of Python, the same for all.
        environments: Of each.
        lock: File descriptor that only the first gets; None = none.
    """

    def __init__(
        self, arguments: Sequence[str], environments: Sequence[Mapping[str, str]], lock: int | None
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
        self._has_ended_in(SAVING)
        self.kill()

    def kill(self) -> None:
        """End all that live at once, as a machine that goes down would."""
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


def _die_with_parent() -> None:
    """Be killed when the parent is, where Linux does that: nobody goes on unseen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
