import pytest

from tests.pages.test_runs import button, make, words
from udviz.ui.frame import access, guesses
from udviz.ui.launch import form as launch_form
from udviz.ui.runs import study_actions
from udviz.ui.server.gate import OWNER, VISITOR
from udviz.ui.server.hosts import is_loopback


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_these_addresses_are_of_this_machine_alone(address):
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", [None, "", "0.0.0.0", "::", "192.168.0.4", "example.org", "localhost.example.org"]
)
def test_these_addresses_can_be_reached_by_others(address):
    assert not is_loopback(address)


@pytest.fixture
def others(monkeypatch):
    """A visitor who did not start the app."""
    monkeypatch.setattr(access, "is_owner", lambda: False)


@pytest.fixture
def password(monkeypatch):
    """An app with a password, visited by the person who started it."""
    monkeypatch.setenv(access.PASSWORD, "correct horse")
    monkeypatch.setattr(access, "GUESSES", guesses.Guesses())


def test_the_password_opens_what_is_closed(password, runs, open_app):
    app = open_app()
    assert button(app, "New study").disabled

    app.text_input(key="password").set_value("correct horse").run()

    assert not button(app, "New study").disabled
    assert not app.text_input


@pytest.mark.parametrize("typed", ["wrong", "", "Correct horse", "correct horse ", "ü"])
def test_anything_else_does_not(password, runs, open_app, typed):
    app = open_app()

    app.text_input(key="password").set_value(typed).run()

    assert button(app, "New study").disabled


def test_one_visitor_s_password_opens_nothing_for_another(password, runs, open_app):
    open_app().text_input(key="password").set_value("correct horse").run()

    assert button(open_app(), "New study").disabled


def test_a_button_that_only_looks_pressed_changes_nothing(password, runs, open_app, monkeypatch):
    make(runs, "mine", "failed")
    monkeypatch.setattr(study_actions, "resume", lambda study: pytest.fail("resumed"))
    monkeypatch.setattr(
        study_actions, "may_change", lambda: None
    )  # as if a browser made it enabled
    app = open_app("pages/7_Runs.py")

    button(app, "Resume").click().run()

    assert "need the password" in app.error[0].value


def test_a_form_that_was_left_open_starts_nothing(runs, open_app, monkeypatch):
    monkeypatch.setattr(launch_form, "launch", lambda plan, study: pytest.fail("launched"))
    app = button(open_app(), "New study").click().run()
    answers = iter([None])  # it may be drawn, but not started any more
    monkeypatch.setattr(launch_form, "may_change", lambda: next(answers, "closed by now"))

    button(app, "Start").click().run()

    assert "closed by now" in [error.value for error in app.error]


def test_without_a_password_only_who_started_the_app_may_and_the_reason_names_the_way_out(
    others, runs, open_app
):
    app = open_app()

    assert button(app, "New study").disabled
    assert not app.text_input
    assert "the same account on the same machine" in words(app)
    assert "UDVIZ_PASSWORD" in words(app)


@pytest.mark.parametrize(
    "mark", [None, "", "owner", "ü", OWNER], ids=["none", "empty", "owner", "umlaut", "own"]
)
def test_the_owner_is_known_by_the_mark_of_the_gate_alone(runs, monkeypatch, mark):
    monkeypatch.undo()
    monkeypatch.setattr(access.st, "context", Context({} if mark is None else {VISITOR: mark}))

    assert access.is_owner() == (mark == OWNER)


class Context:
    def __init__(self, headers):
        self.headers = headers


def test_a_password_that_is_set_counts_for_the_owner_too(password, runs, open_app):
    assert button(open_app(), "New study").disabled


def test_wrong_passwords_count_over_all_visitors_and_then_the_right_one_opens_nothing_either(
    password, runs, open_app, caplog
):
    for number in range(guesses.MOST):
        open_app().text_input(key="password").set_value(f"guess {number}").run()
    app = open_app()

    app.text_input(key="password").set_value("correct horse").run()

    assert button(app, "New study").disabled
    assert "Too many wrong passwords" in app.toast[0].value
    assert len([r for r in caplog.records if "A wrong password from" in r.message]) == guesses.MOST


def test_after_a_while_a_password_may_be_typed_again(password, runs, open_app, monkeypatch):
    monkeypatch.setattr(guesses, "MOST", 1)
    open_app().text_input(key="password").set_value("wrong").run()
    monkeypatch.setattr(guesses, "WITHIN", 0.0)
    app = open_app()

    app.text_input(key="password").set_value("correct horse").run()

    assert not button(app, "New study").disabled


def test_a_password_in_the_secrets_file_counts(password, runs, open_app, monkeypatch):
    monkeypatch.delenv(access.PASSWORD)
    app = open_app()
    app.secrets[access.PASSWORD] = "from a file"
    app.run()

    app.text_input(key="password").set_value("from a file").run()

    assert not button(app, "New study").disabled


def test_streamlit_s_own_login_counts(password, others, runs, open_app, monkeypatch):
    monkeypatch.setattr(access.st, "user", {"is_logged_in": True})

    assert not button(open_app(), "New study").disabled
