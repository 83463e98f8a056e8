"""Runs of a study side by side, each in a process of its own that lasts as long as its run.

This process starts them, hears what they say, and alone writes how far they are.
"""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait

from udviz.commands.reporting import StudyReport
from udviz.commands.running.at_work import Failed, Word, do
from udviz.commands.running.one_run import Work, is_complete, needs
from udviz.commands.train import told
from udviz.studies.failure import reason
from udviz.studies.models import Run
from udviz.training.progress import Progress

SAVING = 90.0  # seconds to write a checkpoint and end
STOPPED = "Stopped. Start it again; it continues."
# forks a process that has imported all and computed nothing: no dozen seconds for each run
_CONTEXT = multiprocessing.get_context("forkserver")


def prepare() -> None:
    """Begin to import, beside this process, what the runs need."""
    _CONTEXT.set_forkserver_preload([do.__module__])
    forkserver.ensure_running()


def complete_side_by_side(
    work: Work, runs: Sequence[Run], n: int, report: StudyReport, tell: Callable[[Run], None]
) -> None:
    """Complete all ``runs``, up to ``n`` at once, none before those that it needs.

    If this process is asked to stop, or one of theirs fails, the others save and end.

    Args:
        work: What they have in common.
        runs: In the order in which they begin where nothing else decides.
        n: How many at once.
        report: Told how far they are; each is the part of its place in ``runs``.
        tell: Called with each, in that order, once it is complete.

    Raises:
        Exception: What ended a run, with its traceback as a note.
        RuntimeError: If a process ended without a word.
    """
    with report.side_by_side(f"{n} runs side by side"):
        lanes = _Lanes(work, runs, n, report, tell)
        try:
            while lanes.fill():
                lanes.hear()
        finally:
            lanes.stop()


class _Process:
    """A process at work on a run.

    Args:
        work: What the runs have in common.
        run: Its own.
        part: Number of its part in the report.
    """

    def __init__(self, work: Work, run: Run, part: int) -> None:
        self.run, self.part = run, part
        self.words, theirs = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=do, args=(theirs, work, run), name=run.name)
        self._process.start()
        theirs.close()

    def listen(self) -> Word:
        """Its next word; a failure where it ended without one."""
        try:
            word: Word = self.words.recv()
        except (EOFError, OSError):
            self._process.join()
            told = (
                f"The process of {self.run.name} ended without a word (exit code "
                f"{self._process.exitcode}), most often because memory ran out. Start it again; "
                "it continues. --hardware.side_by_side 1 trains one run at a time."
            )
            word = Failed(RuntimeError(told), trace="")
        return word

    def stop(self) -> None:
        """Ask it to save and end."""
        self._process.terminate()

    def last_word(self, patience: float) -> Word:
        """What it says in the end; it is killed where that is not within so many seconds."""
        self._process.join(max(0.0, patience))
        has_ended = self._process.exitcode is not None
        self._process.kill()
        while isinstance(word := self.listen(), Progress):
            pass
        return word if has_ended else Failed(InterruptedError(STOPPED), trace="")


class _Lanes:
    """The runs that wait, that are under way and that are complete.

    Args: see `complete_side_by_side`.
    """

    def __init__(
        self,
        work: Work,
        runs: Sequence[Run],
        n: int,
        report: StudyReport,
        tell: Callable[[Run], None],
    ) -> None:
        self._work, self._n, self._report, self._tell = work, n, report, tell
        self._waiting = dict(enumerate(runs))
        self._untold, self._complete = list(runs), set[Run]()
        self._under_way: dict[Connection, _Process] = {}

    def fill(self) -> bool:
        """Begin the runs that may; whether any is under way."""
        for part, run in list(self._waiting.items()):
            if needs(self._work.recipe, run) & set(self._untold):
                continue
            if len(self._under_way) == self._n:
                break
            del self._waiting[part]
            self._begin(part, run)
        return bool(self._under_way)

    def _begin(self, part: int, run: Run) -> None:
        stage = self._work.stage(run)
        if is_complete(self._work, run):
            self._report.skip(part, stage)
            self._note_complete(run)
            return
        self._report.begin(part, stage, run=run.directory(self._work.study).path)
        process = _Process(self._work, run, part)
        self._under_way[process.words] = process

    def hear(self) -> None:
        """Wait for words, and pass them on."""
        for words in wait(list(self._under_way)):
            process = self._under_way[words]  # type: ignore[index]
            word = process.listen()
            if isinstance(word, Progress):
                told(self._report, process.part)(word)
                continue
            del self._under_way[words]  # type: ignore[arg-type]
            if isinstance(word, Failed):
                word.error.add_note(word.trace)
                raise word.error
            self._report.end_run(word, part=process.part)
            self._note_complete(process.run)

    def _note_complete(self, run: Run) -> None:
        self._complete.add(run)
        while self._untold and self._untold[0] in self._complete:
            self._tell(self._untold.pop(0))

    def stop(self) -> None:
        """Have those that are under way save and end, and note how they did."""
        for process in self._under_way.values():
            process.stop()
        ends = time.monotonic() + SAVING
        for process in self._under_way.values():
            word = process.last_word(ends - time.monotonic())
            if isinstance(word, Failed):
                told = reason(word.error)
                self._report.end_run(told, part=process.part, state="stopped")
            elif isinstance(word, str):
                self._report.end_run(word, part=process.part)
