"""Whose turn it is: a run takes its GPUs, or the whole of a machine without; first come first.

Everything lies in ``runs/.queue``: a numbered ticket per waiting run, and a locked file per slot in
use. Nobody manages the queue. Whoever waits looks by itself whether its turn has come, so it goes
on with no app running, and whoever dies leaves it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath

from udviz.studies.files import own_json, replace_json
from udviz.studies.lock import guarded, try_lock
from udviz.studies.status import read_status

QUEUE = ".queue"
SLOT_HELD = "UDVIZ_SLOT"  # environment variable: set where a process holds its slot already
_TICKETS = "[0-9]*.json"


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A place in the queue.

    Attributes:
        number: Lower ones come first; counted, not a time, so that no clock matters.
        study: Name of the study's folder.
        slots: Any of these will do.
        n_slots: How many of them it takes, all at once.
    """

    number: int
    study: str
    slots: tuple[str, ...]
    n_slots: int = 1


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A resource that is held.

    Attributes:
        name: ``cpu`` or ``gpu-0``.
        handle: File descriptor that holds its lock.
    """

    name: str
    handle: int


def join_queue(root: Path, study: str, slots: Sequence[str], *, n_slots: int = 1) -> Ticket:
    """Take the last place, for the study ``root/study`` whose status is *queued*."""
    with _guard(root) as queue:
        _leave(queue, study)
        number = 1 + max((ticket.number for ticket in _read_tickets(queue)), default=0)
        ticket = Ticket(number=number, study=study, slots=tuple(slots), n_slots=n_slots)
        replace_json(_path(queue, ticket), asdict(ticket))
    return ticket


def leave_queue(root: Path, study: str) -> None:
    """Give the study's place back, if it has one."""
    with _guard(root) as queue:
        _leave(queue, study)


def waiting(root: Path) -> list[Ticket]:
    """Places of all runs that wait, the first in line first."""
    return [ticket for ticket in _read_tickets(root / QUEUE) if _waits(root, ticket)]


def try_turn(root: Path, mine: Ticket) -> list[Slot]:
    """All slots that it takes, if they are free and nobody waits longer for any of them.

    The place in line is given back then; an empty list means to wait on.
    """
    with _guard(root) as queue:
        for ticket in waiting(root):
            if ticket.number < mine.number and set(ticket.slots) & set(mine.slots):
                return []
        held = _free_slots(queue, mine.study, mine.slots, mine.n_slots)
        if len(held) < mine.n_slots:
            release(held)
            return []
        _leave(queue, mine.study)
        return held


def release(slots: Sequence[Slot]) -> None:
    """Give slots back."""
    for slot in slots:
        os.close(slot.handle)


@contextmanager
def occupied(root: Path, study: str, slots: Sequence[str], *, n_wanted: int = 1) -> Iterator[bool]:
    """Mark up to ``n_wanted`` slots as in use, without waiting for any.

    A run that a person starts in a terminal does not queue; but runs that queue wait for it.

    Returns:
        Whether every wanted slot was free, or had been taken for this process.
    """
    if SLOT_HELD in os.environ:
        yield True
        return
    with _guard(root) as queue:
        held = _free_slots(queue, study, slots, n_wanted)
    try:
        yield len(held) == n_wanted
    finally:
        release(held)


def _free_slots(queue: Path, study: str, slots: Sequence[str], n_wanted: int) -> list[Slot]:
    """Up to ``n_wanted`` slots that are free."""
    held: list[Slot] = []
    for name in slots:
        if len(held) == n_wanted:
            break
        handle = try_lock(queue / f"slot-{name}")
        if handle is not None:
            os.truncate(handle, 0)
            os.write(handle, f"{study}\n".encode())
            held.append(Slot(name=name, handle=handle))
    return held


@contextmanager
def _guard(root: Path) -> Iterator[Path]:
    queue = root / QUEUE
    queue.mkdir(parents=True, exist_ok=True)
    with guarded(queue / ".lock"):
        yield queue


def _leave(queue: Path, study: str) -> None:
    for ticket in _read_tickets(queue):
        if ticket.study == study or not _waits(queue.parent, ticket):
            _path(queue, ticket).unlink(missing_ok=True)


def _waits(root: Path, ticket: Ticket) -> bool:
    """Whether the ticket's run still waits: its process lives and has not begun."""
    status = read_status(root / ticket.study)
    return status is not None and status.state in ("queued", "stopping")


def _read_tickets(queue: Path) -> list[Ticket]:
    found = []
    for path in sorted(queue.glob(_TICKETS)):
        try:
            values = own_json(path)
            ticket = Ticket(
                number=int(path.stem),
                study=values["study"],
                slots=tuple(values["slots"]),
                n_slots=int(values.get("n_slots", 1)),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue  # just withdrawn, or damaged: it holds nobody up
        if _is_sound(ticket):
            found.append(ticket)
    return found


def _is_sound(ticket: Ticket) -> bool:
    """Whether it speaks of a study in the folder of all studies, and of slots."""
    words = (ticket.study, *ticket.slots)
    plain = all(isinstance(word, str) and PurePath(word).name == word for word in words)
    return plain and ticket.study not in ("", "..")


def _path(queue: Path, ticket: Ticket) -> Path:
    return queue / f"{ticket.number:08d}.json"
