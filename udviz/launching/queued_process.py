"""The process of a launched study until its turn comes; then it becomes the study's command.

python -m udviz.launching.queued_process STUDY TICKET N_SLOTS SLOT ... -- ARGUMENTS OF PYTHON
"""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from udviz.launching.detach import leave_parent
from udviz.launching.launcher import WAITING
from udviz.launching.queue import SLOT_HELD, Slot, Ticket, leave_queue, try_turn
from udviz.launching.resources.devices import environment_of
from udviz.stoppable import stoppable
from udviz.studies.failure import reason
from udviz.studies.status import State, Status, write_status

LOOK_EVERY = 0.5  # seconds
HEARTBEAT = 60.0  # seconds


def wait_for_turn(study: Path, ticket: Ticket) -> list[Slot]:
    """Wait, however long it takes, with the study's status *queued*."""
    beat = time.monotonic()
    while True:
        if time.monotonic() - beat >= HEARTBEAT:
            write_status(study, WAITING)
            beat = time.monotonic()
        if slots := try_turn(study.parent, ticket):
            return slots
        time.sleep(LOOK_EVERY)


def become(arguments: list[str], study: Path, slots: list[Slot]) -> None:
    """Turn into ``python`` with ``arguments``: same process, same locks."""
    write_status(study, Status(state="running", stage="Starting", fraction=0.0))
    for slot in slots:
        os.set_inheritable(slot.handle, True)
    held = ",".join(str(slot.handle) for slot in slots)
    names = [slot.name for slot in slots]
    variables = {**os.environ, **environment_of(names), SLOT_HELD: held}
    os.execve(sys.executable, [sys.executable, *arguments], variables)


def main(arguments: list[str]) -> None:
    """Wait in the queue and then run what comes after ``--``."""
    end = arguments.index("--")
    place, number, n_slots, *slots = arguments[:end]
    study = Path(place)
    ticket = Ticket(number=int(number), study=study.name, slots=tuple(slots), n_slots=int(n_slots))
    with stoppable():
        leave_parent(lambda: write_status(study, WAITING))
        try:
            become(arguments[end + 1 :], study, wait_for_turn(study, ticket))
        except KeyboardInterrupt:
            leave_queue(study.parent, study.name)
            _end(study, "stopped", "It was waiting and had not begun. Start it when you like.")
        except OSError as error:
            _end(study, "failed", reason(error))
            raise


def _end(study: Path, state: State, message: str) -> None:
    write_status(study, replace(WAITING, state=state, message=message))


if __name__ == "__main__":
    main(sys.argv[1:])
