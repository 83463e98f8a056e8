import time

from tests.pages.test_runs import make
from udviz.studies.status import Status, write_status
from udviz.ui.frame import activity


def sidebar(app):
    kinds = (app.sidebar.markdown, app.sidebar.caption)
    bars = [bar.proto.text for bar in app.sidebar.get("progress")]
    return "\n".join([*bars, *(e.value for kind in kinds for e in kind)]).replace("\\", "")


def test_every_page_tells_what_runs_and_what_waits(study, runs, open_app):
    make(runs, "waits", "queued")
    make(runs, "runs", "running")

    text = sidebar(open_app("pages/1_Difficulty.py")).replace("\u2068", "").replace("\u2069", "")

    assert "**runs**, Baseline student" in text
    assert "42% · about 71 s left" in text
    assert "**waits** waits for its turn" in text


def test_more_than_a_few_are_counted(study, runs, open_app):
    for number in range(5):
        make(runs, f"run-{number}", "queued")

    assert "and 2 more studies" in sidebar(open_app())


def test_nothing_alive_shows_nothing_and_asks_for_nothing(study, runs, open_app, monkeypatch):
    make(runs, "old", "finished")
    monkeypatch.setattr(activity, "_draw", None)

    assert "old" not in sidebar(open_app())


def test_a_run_that_ends_while_the_sidebar_looks_draws_the_page_anew(study, runs, monkeypatch):
    mine = make(runs, "mine", "running")
    drawn = activity.states_of(activity.alive_in(runs))
    again = []
    monkeypatch.setattr(activity.st, "rerun", lambda: again.append(time.time()))

    activity._draw(runs, drawn)
    assert again == []
    write_status(mine, Status(state="finished", stage="x", fraction=1.0))
    activity._draw(runs, drawn)

    assert len(again) == 1
