"""A process that ends in good order when it is told to stop."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the first SIGTERM or Ctrl-C into a KeyboardInterrupt that says what to do.

    The training loop takes these signals over while it trains, to write a checkpoint first.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.signal(n, _interrupt) for n in (*_STOP_SIGNALS, signal.SIGALRM)}
    hook = sys.unraisablehook
    sys.unraisablehook = partial(_interrupt_again, hook)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)  # an alarm that nobody heeds ends the process
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for other in _STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # the end is not to be interrupted
    raise KeyboardInterrupt("Stopped. Start it again; it continues.")


def _interrupt_again(hook: Callable[[Any], Any], dropped: Any) -> None:
    """Python drops an exception raised inside a destructor or callback: let it come again."""
    if isinstance(dropped.exc_value, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, 0.01)  # seconds, when this call has returned
    else:
        hook(dropped)
