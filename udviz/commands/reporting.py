"""Telling a person, and the app, how far a study is."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from udviz.processes import is_main
from udviz.studies.status import State, Status, write_status

EVERY_SECONDS = 1.0
HEARTBEAT_SECONDS = 60.0  # far below the silence after which a run elsewhere counts as gone


@dataclass(kw_only=True)
class _Part:
    """A part under way.

    Attributes:
        stage: What it is, in words.
        run: Folder of the run that gets a status of its own; None without one.
        message: The latest result, in words.
        rate: Speed in words.
    """

    stage: str
    run: Path | None
    message: str = ""
    rate: str = ""

    def status(self, fraction: float) -> Status:
        """Of its run, so far."""
        return Status(
            state="running",
            stage=self.stage,
            fraction=fraction,
            message=self.message,
            rate=self.rate,
        )


class StudyReport:
    """Keeps the status of a study and of its runs under way, and draws their progress.

    Parts follow each other, with a bar for each; within `side_by_side` several are under way, with
    one bar for all.

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
        self._reached: dict[int, float] = {}  # part -> fraction
        self._parts: dict[int, _Part] = {}
        self._latest = 0
        self._stage = "Starting"
        self._bar: tqdm[Any] | None = None
        self._shares_bar = False
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

    @contextmanager
    def side_by_side(self, told: str) -> Iterator[None]:
        """Let several parts be under way at once.

        Args:
            told: What the one bar is called.
        """
        self.close_bar()
        self._open_bar(told)
        self._shares_bar = True
        try:
            yield
        finally:
            self._shares_bar = False
            self.close_bar()

    def begin(self, part: int, stage: str, *, run: Path | None = None) -> None:
        """Start part number ``part``, called ``stage``; ``run`` gets a status of its own."""
        if not self._shares_bar:  # those before it are over
            self._reached = dict.fromkeys(range(part), 1.0)
            self._parts.clear()
            self.close_bar()
            self._open_bar(stage)
        self._reached[part], self._latest = 0.0, part
        self._parts[part] = _Part(stage=stage, run=run)
        if run is not None:
            run.mkdir(parents=True, exist_ok=True)
        self._write(force=True)

    def skip(self, part: int, stage: str) -> None:
        """Note that a part was complete already."""
        self._skipped += 1.0 / self._n_parts
        self._reached[part] = 1.0
        self._note(f"{stage:<22} complete, skipped")

    def advance(
        self, fraction: float, message: str = "", rate: str = "", *, part: int | None = None
    ) -> None:
        """Progress of a part in [0, 1]; by default of the one that began last."""
        number = self._latest if part is None else part
        self._reached[number] = fraction
        self._parts[number].message, self._parts[number].rate = message, rate
        self._draw()
        self._write()

    def say(self, sentence: str) -> None:
        """Print a sentence between two parts."""
        if not self._shares_bar:
            self.close_bar()
        with tqdm.external_write_mode():  # clears a bar that is there, and draws it again
            print(sentence, flush=True)

    def end(self, state: State, message: str) -> None:
        """Close the study (and the runs under way) as finished, stopped or failed."""
        self.close_bar()
        if not is_main():
            return
        whole = state == "finished"
        status = Status(
            state=state,
            stage="Finished" if whole else self._stage,
            fraction=1.0 if whole else self._total,
            message=message,
        )
        self._tell(self._study, status)  # first: the folder of a run may be what cannot be written
        for part in list(self._parts):
            self.end_run(message, part=part, state=state)

    def end_run(self, message: str, *, part: int | None = None, state: State = "finished") -> None:
        """Close a run; by default the one that began last, as finished."""
        number = self._latest if part is None else part
        ended = self._parts.pop(number)
        if state == "finished":
            self._reached[number] = 1.0
        if self._shares_bar:
            self._note(f"{ended.stage:<22} {message}")
        if ended.run is not None and is_main():
            fraction = self._reached[number]
            self._tell(
                ended.run,
                Status(state=state, stage=ended.stage, fraction=fraction, message=message),
            )

    def close_bar(self) -> None:
        """Finish drawing the current bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _open_bar(self, told: str) -> None:
        if not self._quiet:
            self._bar = tqdm(
                total=100,
                desc=f"{told:<22}",
                bar_format="{desc} {percentage:3.0f}% |{bar:24}| {elapsed}<{remaining} {postfix}",
            )

    def _draw(self) -> None:
        """Show on the bar how far its part is, or with several how far the study is."""
        if self._bar is None:
            return
        if self._shares_bar:
            told = [f"{p.stage} {self._reached[n]:.0%}" for n, p in self._parts.items()]
            fraction = self._total
        else:
            part = self._parts[self._latest]
            told, fraction = [part.rate, part.message], self._reached[self._latest]
        self._bar.n = round(100 * fraction)
        self._bar.set_postfix_str(", ".join(filter(None, told)), refresh=False)
        self._bar.update(0)

    def _note(self, sentence: str) -> None:
        if not self._quiet:
            tqdm.write(sentence)

    @property
    def _total(self) -> float:
        return sum(self._reached.values()) / self._n_parts

    def _write(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if not is_main() or (now - self._written < EVERY_SECONDS and not force):
            return
        self._written = now
        total, parts = self._total, list(self._parts.values())
        done = total - self._skipped
        left = (now - self._started) * (1.0 - total) / done if done > 0.01 else None
        self._stage = ", ".join(part.stage for part in parts)
        alone = parts[0] if len(parts) == 1 else None
        status = Status(
            state="running",
            stage=self._stage,
            fraction=total,
            message=alone.message if alone else "",
            rate=alone.rate if alone else "",
            seconds_left=left,
        )
        self._tell(self._study, status)
        for number, part in self._parts.items():
            if part.run is not None:
                self._tell(part.run, part.status(self._reached[number]))

    def _tell(self, directory: Path, status: Status) -> None:
        """Write a status; never while the heartbeat does, which would write an older one."""
        with self._telling:
            self._told[directory] = status
            write_status(directory, status)
