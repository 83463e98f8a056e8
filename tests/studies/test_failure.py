import errno

import pytest

from udviz.studies.failure import reason


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (PermissionError(errno.EACCES, "denied", "runs/x"), "No permission to write runs/x"),
        (OSError(errno.EROFS, "ro"), "No permission to write"),
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."), "worker died"),
        (EOFError("unexpected EOF"), "worker died"),
        (FloatingPointError("The loss bce became NaN"), "The loss bce became NaN"),
        (ValueError("`x` must be"), "`x` must be"),
        (KeyError("odd"), "KeyError: 'odd'"),
    ],
)
def test_a_person_is_told_what_happened(error, words):
    assert words in reason(error)


def test_an_error_without_words_still_has_its_name():
    assert reason(ValueError()) == "ValueError"


def test_a_connection_that_is_lost_is_told_in_the_words_of_whoever_lost_it():
    assert reason(ConnectionError("The scheduler was lost.")) == "The scheduler was lost."
    assert "worker died" in reason(ConnectionResetError("reset"))
