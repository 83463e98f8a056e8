"""Many processes at one folder of studies at once: nothing is lost and nothing is held twice.

python -m tests.benchmarks.soak_races --actions 1000
Eight processes review the same targets, each as another reviewer, and read all reviews; they wait
for two slots and hold them, and throw one study away and put it back. In the end each of them must
have reviewed every target, no slot may ever have had two holders, and the study must be whole, in
one place. Prints what happened.
"""

import argparse
import contextlib
import multiprocessing
import os
import random
import tempfile
import time
from pathlib import Path

from udviz.launching.queue import join_queue, leave_queue, release, try_turn, waiting
from udviz.studies.directory import STUDY_FILE
from udviz.studies.reviews import Review, ReviewedTarget, add_review, standing_reviews
from udviz.studies.status import Status, write_status
from udviz.studies.trash import discard, discarded, restore

N_PROCESSES, SLOTS = 8, ("gpu-0", "gpu-1")
REFUSED = (RuntimeError, OSError, ValueError, IndexError)  # somebody else was quicker


def review(root: Path, number: int, n_actions: int) -> list[str]:
    """Review ``n_actions`` targets that all review, as one reviewer, reading all now and then."""
    wrong, name = [], f"reviewer {number}"
    for place in range(n_actions):
        of = ReviewedTarget("test", f"{place}.jpg", "cat", 1)
        made = Review(of=of, direction="extra", verdict="wrong", reviewer=name)
        add_review(root / "reviewed", made)
        if place % 50 == 0 and (of, name) not in standing_reviews(root / "reviewed"):
            wrong.append(f"{of.image_id} was not there after {name} reviewed it")
    return wrong


def hold(root: Path, number: int, n_actions: int) -> list[str]:
    """Wait for a slot, hold it for a moment, and give it back, ``n_actions`` times."""
    wrong, name = [], f"waits-{number}"
    (root / name).mkdir()
    for _ in range(n_actions):
        write_status(root / name, Status(state="queued", stage="Waiting", fraction=0.0))
        ticket = join_queue(root, name, SLOTS)
        while not (slots := try_turn(root, ticket)):
            time.sleep(0.0005)
        mark = root / f"held-{slots[0].name}"
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            wrong.append(f"{slots[0].name} has two holders")
        mark.unlink(missing_ok=True)
        release(slots)
        leave_queue(root, name)
    write_status(root / name, Status(state="finished", stage="Done", fraction=1.0))
    return wrong


def throw_away(root: Path, number: int, n_actions: int) -> list[str]:
    """Throw the study away or put it back, whichever the others let it."""
    chance = random.Random(number)
    for _ in range(n_actions):
        with contextlib.suppress(*REFUSED):
            if chance.random() < 0.5:
                discard(root / "thrown")
            else:
                restore(root, discarded(root)[0])
    return []


ACTIONS = {"reviews": review, "turns in line": hold, "studies thrown away or put back": throw_away}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=1_000, help="of each process and kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, multiprocessing.Pool(N_PROCESSES) as pool:
        root = Path(folder)
        for name in ("reviewed", "thrown"):
            (root / name).mkdir()
            (root / name / STUDY_FILE).write_text(f'name = "{name}"\n', encoding="utf-8")
        wrong: list[str] = []
        for name, act in ACTIONS.items():
            jobs = [(root, number, options.actions) for number in range(N_PROCESSES)]
            begun = time.monotonic()
            wrong += [fault for found in pool.starmap(act, jobs) for fault in found]
            n_actions = N_PROCESSES * options.actions
            seconds = time.monotonic() - begun
            print(f"{n_actions:,} {name} by {N_PROCESSES} processes: {seconds:.0f} s")
        n_reviews = len(standing_reviews(root / "reviewed"))
        if n_reviews != N_PROCESSES * options.actions:
            wrong.append(f"{n_reviews:,} reviews are left")
        wrong += [f"{ticket.study} still waits" for ticket in waiting(root)]
        lie = [root / "thrown", *(found.path for found in discarded(root))]
        places = [path for path in lie if path.is_dir()]
        if [(path / STUDY_FILE).is_file() for path in places] != [True]:
            wrong.append(f"the thrown study lies in {places}")
    print("\n".join(wrong) if wrong else "nothing is lost, nothing was held twice")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
