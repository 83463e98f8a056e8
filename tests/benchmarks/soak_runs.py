"""Many short runs from two browsers: a third stopped and resumed, a third killed and resumed.

python -m tests.benchmarks.soak_runs --runs 30
Two people with a headless browser each start, stop and resume runs by clicks on one app; from
outside, some runs are killed with -9. Whether a person meets a run that waits or one that works,
and who of the two resumes it, is drawn. Two runs work at a time, on GPUs that are only pretended.
In the end every run must be finished with the same bits in its models and a gapless event log, and
no process, ticket, lock or draft may be left. Prints what happened.
"""

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import tomli_w
from playwright.sync_api import Locator, TimeoutError, expect, sync_playwright

from tests.benchmarks.soak_checks import faults
from tests.browser.conftest import PATIENCE_MS, SCREEN, Visit, open_tab, serve, start_chromium
from udviz.launching.resources.devices import GPUS
from udviz.launching.stop import stop_study
from udviz.recipe.files import parse_recipe, recipe_path, recipe_values
from udviz.studies.identity import start_mark
from udviz.studies.status import BEING_STARTED, read_status

N_EPOCHS = 12
TINY = "tiny"  # a study that has only a recipe; the form starts from it
ENDS = {1: "stopped", 2: "killed"}  # by number modulo 3
LATEST = 0.2  # share of a run that is done when it is disturbed, at most
BUSY = ("queued", "running")
STARTING = "Starting"  # stage of one whose process ended before whoever started it heard of it


@dataclass
class Subject:
    """One run and what is to happen to it.

    Attributes:
        study: Its folder.
        share: Disturbed once so much of it is done, in [0, 1]; below 0, while it waits.
        end: ``stopped`` or ``killed`` as long as that has not happened to it; else None.
        is_asked: Whether that is under way.
        log: What happened, in order.
    """

    study: Path
    share: float
    end: str | None
    is_asked: bool = False
    log: list[str] = field(default_factory=list)

    @property
    def is_due(self) -> bool:
        """Whether it is to be disturbed now."""
        status = read_status(self.study)
        if self.end is None or self.is_asked or status is None or status.state not in BUSY:
            return False
        if status.stage == BEING_STARTED:  # its process is still the app's
            return False
        return self.share < 0 or (status.state == "running" and status.fraction >= self.share)

    def state(self) -> str:
        """What it says of itself."""
        status = read_status(self.study)
        if status is not None and status.state == "failed":
            if self.is_asked and status.stage == STARTING:  # killed before its starter saw it
                return "lost"
            raise SystemExit(f"{self.study} failed: {status.message}")
        return status.state if status else "none"


class Person:
    """Somebody with a browser."""

    def __init__(self, visit: Visit) -> None:
        self._visit, self._page = visit, visit.page
        self.problems = visit.problems  # errors in the browser's console, requests that failed
        self.n_reloads = 0

    def start(self, study: Path) -> None:
        """Start a study with the form in the sidebar."""
        self._patiently(lambda: study.exists() or self._fill_in(study.name))

    def stop(self, study: Path) -> None:
        """Stop a study on the page of runs, if it has not ended meanwhile."""
        self._patiently(lambda: self._press_stop(study.name))

    def resume(self, study: Path) -> None:
        """Go on with a study on the page of runs."""
        self._patiently(lambda: self._press_resume(study.name))

    def _patiently(self, act: Callable[[], object]) -> None:
        """Do ``act``; where the page stands still, again after a reload, as a person would."""
        try:
            act()
        except (AssertionError, TimeoutError):
            self.n_reloads += 1
            act()

    def _fill_in(self, name: str) -> None:
        self._open(TINY)
        self._page.get_by_role("button", name="New study", exact=True).click()
        form = self._page.get_by_role("dialog")
        form.get_by_role("combobox", name="Start from").fill(f"study {TINY}")
        form.get_by_role("combobox", name="Start from").press("Enter")
        expect(form.get_by_text(f"--name {TINY}-2")).to_be_visible()
        field = form.get_by_label("Study name", exact=True)
        expect(field).to_have_count(1)  # that of the recipe before is gone
        field.fill(name)
        field.press("Enter")
        expect(form.get_by_text(f"--name {name}")).to_be_visible()
        self._press(form.get_by_role("button", name="Start", exact=True), until_gone=form)

    def _press_stop(self, name: str) -> None:
        self._open(name)
        page = self._page.get_by_test_id("stMainBlockContainer")
        button = page.get_by_role("button", name="Stop", exact=True)
        if button.count() == 0 or button.is_disabled():
            return
        button.click()
        sure = self._page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True)
        try:
            sure.wait_for()
        except TimeoutError:
            if button.count() and button.is_enabled():
                raise
            return  # it ended while the question was drawn
        self._press(sure, until_gone=sure)

    def _press_resume(self, name: str) -> None:
        self._open(name)
        button = self._page.get_by_role("button", name="Resume")
        self._press(button, until_gone=button)

    def _press(self, button: Locator, *, until_gone: Locator) -> None:
        if until_gone.count():
            self._visit.settle()
            button.click()
        expect(until_gone).to_have_count(0)

    def _open(self, name: str) -> None:
        self._visit.open(f"Runs?opened={name}")
        expect(self._page.get_by_role("heading", name=name)).to_be_visible()
        expect(self._page.get_by_role("button", name="New study from this one")).to_be_visible()
        assert self._page.get_by_test_id("stException").count() == 0


def soak(people: list[Person], subjects: list[Subject], chance: random.Random) -> None:
    """Start all runs, disturb and resume some, until all are finished."""
    for number, subject in enumerate(list(subjects)):
        people[number % len(people)].start(subject.study)
        subject.log.append("started")
        look_after(people, subjects, chance)
    while any(subject.state() != "finished" for subject in subjects):
        look_after(people, subjects, chance)
        time.sleep(0.2)


def look_after(people: list[Person], subjects: list[Subject], chance: random.Random) -> None:
    """Do what a person has to do at this moment."""
    for subject in list(subjects):
        state, person = subject.state(), chance.choice(people)
        if state in ("stopped", "lost"):
            subject.end = None
            subject.log.append(f"resumed from {state}")
            person.resume(subject.study)
        elif state == "finished" and subject.end:  # too late: one more run, for which it is not
            subject.log.append("which came too late")
            more = Subject(subject.study.with_name(f"soak-{len(subjects)}"), -1.0, subject.end)
            subject.end = None
            person.start(more.study)
            more.log.append("started")
            subjects.append(more)
        elif subject.end == "stopped" and subject.is_due:
            subject.is_asked = True
            subject.log.append(f"stopped while {state}")
            person.stop(subject.study)


def kill_due(subjects: list[Subject], is_over: threading.Event) -> None:
    """Kill what is to be killed as soon as it is due, whatever the people do meanwhile."""
    while not is_over.wait(0.1):
        for subject in list(subjects):
            if subject.end == "killed" and subject.is_due:
                subject.is_asked = True
                subject.log.append(f"killed while {subject.state()}")
                kill(subject.study)


def kill(study: Path) -> None:
    """Kill the process of ``study`` with -9."""
    status = read_status(study)
    if status is not None and start_mark(status.pid) == status.process_mark:
        os.kill(status.pid, signal.SIGKILL)


def write_tiny(study: Path) -> None:
    """A recipe that trains three models in seconds, with the same bits each time."""
    network = {"backbone": "small", "batch_size": 8, "epochs": N_EPOCHS}
    data = {"n_train": 64, "n_val": 32, "n_test": 32, "side_px": 64}
    values = {"data": data, "teacher": network, "student": network, "hardware": {"threads": 1}}
    students = {"baseline": {"method": "none"}, "distilled": {"method": "ud"}}
    values |= {"students": students, "comparisons": ["baseline:distilled"]}
    recipe = parse_recipe(recipe_values(recipe_path("demo")) | values, source="soak")
    study.mkdir(parents=True)
    (study / "study.toml").write_text(
        tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True))
    )


@contextmanager
def two_people(root: Path) -> Iterator[list[Person]]:
    """Two people with a browser each, on one app."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright, ExitStack() as stack:
        browser = start_chromium(playwright)
        server = serve(root)
        stack.callback(server.close)
        address = next(server)
        tabs = [open_tab(browser.new_context(**SCREEN), address) for _ in range(2)]
        yield [Person(next(tab)) for tab in tabs]
        browser.close()


def main() -> None:
    """Soak, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="Of what is drawn.")
    asked = parser.parse_args()
    os.environ[GPUS] = "0,1"
    root = Path(tempfile.mkdtemp(prefix="soak-")) / "runs"
    write_tiny(root / TINY)
    chance = random.Random(asked.seed)
    subjects = [
        Subject(
            study=root / f"soak-{number:02d}",
            end=ENDS.get(number % 3),
            share=chance.uniform(-LATEST, LATEST),
        )
        for number in range(asked.runs)
    ]
    begun, is_over = time.monotonic(), threading.Event()
    killer = threading.Thread(target=kill_due, args=(subjects, is_over))
    killer.start()
    try:
        with two_people(root) as people:
            soak(people, subjects, chance)
    finally:
        is_over.set()
        killer.join()
        for subject in subjects:
            stop_study(subject.study, patience=0.0)  # where all went well, nothing is left to stop
    seconds = time.monotonic() - begun
    happened = Counter(", ".join(subject.log) for subject in subjects)
    print(f"{len(subjects)} runs in {seconds:.0f} s, with their models in {root}")
    print(f"{sum(person.n_reloads for person in people)} times a page stood still and was reloaded")
    for log, n_runs in sorted(happened.items()):
        print(f"{n_runs:3d} {log}, finished")
    wrong = faults(root, [subject.study for subject in subjects], n_epochs=N_EPOCHS)
    wrong += [problem for person in people for problem in person.problems]
    wrong += [f"{s.study.name} was never {s.end}" for s in subjects if s.end]
    print("\n".join(wrong) if wrong else "no epoch, event, bit, process, ticket or lock is lost")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
