"""Telling a person, and the app, how far a study is."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

from udviz.processes import is_main
from udviz.studies.status import State, Status, write_status

EVERY_SECONDS = 1.0
HEARTBEAT_SECONDS = 60.0  # far below the silence after which a run elsewhere counts as gone


class StudyReport:
    """Keeps the status of a study and of its current run, and draws one bar per run.

    Args:
        study: Folder of the study.
        n_parts: Parts of equal weight that make up the whole: the runs, and the analysis.
        quiet: No bars.
    """

    def __init__(self, study: Path, *, n_parts: int, quiet: bool) -> None:
        self._study = study
        self._n_parts = n_parts
        self._quiet = quiet or not is_main()
        self._started = time.monotonic()  # a clock that is set does not move it
        self._skipped = 0.0
        self._written = -EVERY_SECONDS
        self._part = 0
        self._fraction = 0.0
        self._stage = "Starting"
        self._run: Path | None = None
        self._bar: tqdm[Any] | None = None
        self._told: dict[Path, Status] = {}
        self._telling = threading.Lock()

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Keep the status young while loading, predicting or analysing have nothing to report."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(HEARTBEAT_SECONDS):
                with suppress(OSError):  # the next one may succeed
                    self.beat()

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def beat(self) -> None:
        """Write the last status again, with the time of now."""
        with self._telling:
            for directory, status in self._told.items():
                if status.state == "running":
                    write_status(directory, status)

    def begin(self, part: int, stage: str, *, run: Path | None = None) -> None:
        """Start part number ``part``, called ``stage``; ``run`` gets a status of its own."""
        self.close_bar()
        self._part, self._stage, self._run = part, stage, run
        if run is not None:
            run.mkdir(parents=True, exist_ok=True)
        if not self._quiet:
            self._bar = tqdm(
                total=100,
                desc=f"{stage:<22}",
                bar_format="{desc} {percentage:3.0f}% |{bar:24}| {elapsed}<{remaining} {postfix}",
            )
        self._write(0.0, "", "", force=True)

    def skip(self, part: int, stage: str) -> None:
        """Note that a part was complete already."""
        self._skipped += 1.0 / self._n_parts
        if not self._quiet:
            tqdm.write(f"{stage:<22} complete, skipped")

    def advance(self, fraction: float, message: str = "", rate: str = "") -> None:
        """Progress of the current part, in [0, 1]."""
        if self._bar is not None:
            self._bar.n = round(100 * fraction)
            self._bar.set_postfix_str(", ".join(filter(None, (rate, message))), refresh=False)
            self._bar.update(0)
        self._write(fraction, message, rate)

    def say(self, sentence: str) -> None:
        """Print a sentence between two parts."""
        self.close_bar()
        print(sentence, flush=True)

    def end(self, state: State, message: str) -> None:
        """Close the study (and the run under way) as finished, stopped or failed."""
        self.close_bar()
        if not is_main():
            return
        whole = state == "finished"
        stage = "Finished" if whole else self._stage
        reached = ((self._part + self._fraction) / self._n_parts, self._fraction)
        # the study first: the folder of its run may be what cannot be written
        for directory, fraction in zip((self._study, self._run), reached, strict=True):
            if directory is not None:
                status = Status(
                    state=state,
                    stage=stage,
                    fraction=1.0 if whole else fraction,
                    message=message,
                )
                self._tell(directory, status)

    def end_run(self, message: str) -> None:
        """Close the current run as finished."""
        if self._run is not None and is_main():
            status = Status(state="finished", stage=self._stage, fraction=1.0, message=message)
            self._tell(self._run, status)
        self._run = None

    def close_bar(self) -> None:
        """Finish drawing the current bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _write(self, fraction: float, message: str, rate: str, *, force: bool = False) -> None:
        now, self._fraction = time.monotonic(), fraction
        if not is_main() or (now - self._written < EVERY_SECONDS and not force):
            return
        self._written = now
        total = (self._part + fraction) / self._n_parts
        done = total - self._skipped
        left = (now - self._started) * (1.0 - total) / done if done > 0.01 else None
        status = Status(
            state="running",
            stage=self._stage,
            fraction=total,
            message=message,
            rate=rate,
            seconds_left=left,
        )
        self._tell(self._study, status)
        if self._run is not None:
            own = Status(
                state="running", stage=self._stage, fraction=fraction, message=message, rate=rate
            )
            self._tell(self._run, own)

    def _tell(self, directory: Path, status: Status) -> None:
        """Write a status; never while the heartbeat does, which would write an older one."""
        with self._telling:
            self._told[directory] = status
            write_status(directory, status)
