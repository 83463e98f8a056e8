"""Wrong passwords of all visitors together: after some, nobody may guess for a while."""

import logging
import threading
import time
from collections import deque

MOST, WITHIN = 10, 600.0  # wrong passwords; seconds
_LOG = logging.getLogger(__name__)


class Guesses:
    """When the last wrong passwords were typed, over the whole process.

    A limit per visitor is none: whoever guesses opens the app again. While it holds, the right
    password does not open either, so that a guess tells nothing.
    """

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def attempt(self, is_right: bool, visitor: str) -> str | None:
        """Why a password that was typed opens nothing; None if it does.

        Args:
            is_right: Whether it is the password.
            visitor: Who typed it, for the log.
        """
        with self._lock:
            now = time.monotonic()
            while self._times and now - self._times[0] >= WITHIN:
                self._times.popleft()
            if len(self._times) >= MOST:
                minutes = 1 + int((self._times[0] + WITHIN - now) / 60)
                return f"Too many wrong passwords. Try again in {minutes} min."
            if is_right:
                return None
            self._times.append(now)
            n_wrong = len(self._times)
        _LOG.warning(
            "A wrong password from %s: %d of %d in %.0f min.", visitor, n_wrong, MOST, WITHIN / 60
        )
        return "That is not the password."


GUESSES = Guesses()
