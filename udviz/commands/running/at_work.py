"""The process of one of several runs: it does its run, and says how that goes."""

import multiprocessing
import os
import pickle
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection

from udviz.commands.running.one_run import Work, complete
from udviz.stoppable import stoppable
from udviz.studies.failure import reason
from udviz.studies.models import Run
from udviz.training.device import resolve
from udviz.training.progress import Progress


@dataclass(frozen=True)
class Failed:
    """What ended a run.

    Attributes:
        error: What was raised.
        trace: Where, in the words of a traceback.
    """

    error: BaseException
    trace: str


Word = Progress | str | Failed  # how far it is; what came out; what ended it


def do(words: Connection, work: Work, run: Run) -> None:
    """Complete ``run`` in this process.

    Args:
        words: Where `Word`s go, the last one what came out or what ended it.
        work: What the runs have in common.
        run: Which one.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    last: Word
    try:
        with stoppable():
            last = complete(work, run, resolve(work.hardware), words.send)
    except BaseException as error:
        last = Failed(_sendable(error), traceback.format_exc())
    words.send(last)


def _end_with_parent() -> None:
    """End this process with the one that it works for, however that ends."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # as by kill -9: what is on disk is whole


def _sendable(error: BaseException) -> BaseException:
    """The error itself, or where that cannot travel one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(reason(error))
    return error
