"""A person without the password guesses it, from as many browsers as they like."""

import threading

from udviz.ui.frame import guesses
from udviz.ui.frame.guesses import MOST, Guesses


def test_guesses_at_the_same_moment_are_counted_one_by_one(caplog):
    found = Guesses()
    told = []
    many = [
        threading.Thread(target=lambda: told.append(found.attempt(False, "10.0.0.7")))
        for _ in range(5 * MOST)
    ]

    for thread in many:
        thread.start()
    for thread in many:
        thread.join()

    assert told.count("That is not the password.") == MOST
    assert sum("from 10.0.0.7" in record.message for record in caplog.records) == MOST


def test_the_right_password_is_not_told_from_a_wrong_one_once_there_were_too_many():
    found = Guesses()
    for _ in range(MOST):
        found.attempt(False, "10.0.0.7")

    assert found.attempt(True, "10.0.0.7") == found.attempt(False, "10.0.0.7")


def test_the_right_password_costs_nothing(monkeypatch):
    monkeypatch.setattr(guesses, "MOST", 1)
    found = Guesses()

    assert [found.attempt(True, "10.0.0.7") for _ in range(5)] == [None] * 5
