import dataclasses
import errno

import pytest
from streamlit.runtime.state.query_params import QueryParams

from tests.pages.seen import plain, table_with
from tests.pages.synthetic import change_tables, names_of, table_of, write_study
from udviz.analysis.schema.tables import VERSION
from udviz.studies.status import Status, write_status
from udviz.ui.frame import start

RUNNING = Status(
    state="running",
    stage="Training the teacher",
    fraction=0.42,
    rate="412 images/s",
    seconds_left=71.0,
    message="epoch 4 of 10",
)


def words(app):
    return "\n".join(e.value for e in [*app.markdown, *app.caption, *app.warning, *app.error])


def test_without_a_study_one_button_trains_the_demo(runs, open_app, monkeypatch):
    begun = []

    def launch(plan, study):
        begun.append((plan.source, study))
        study.mkdir()
        write_status(study, RUNNING)

    monkeypatch.setattr(start, "launch", launch)
    app = open_app()
    app.main.button[0].click().run()

    assert begun == [("demo", runs / "demo")]
    assert "Training demo" in app.header[0].value.replace("\u2068", "").replace("\u2069", "")
    assert not app.main.button


def test_a_first_training_that_stopped_goes_on(runs, open_app, monkeypatch):
    (runs / "demo").mkdir()
    (runs / "demo" / "launch.json").write_text("{}")
    resumed = []
    monkeypatch.setattr(start, "resume", resumed.append)

    open_app().main.button[0].click().run()

    assert resumed == [runs / "demo"]


def test_a_training_that_cannot_be_started_says_why(runs, open_app, monkeypatch):
    def launch(plan, study):
        raise OSError(errno.ENOSPC, "No space left on device", str(study))

    monkeypatch.setattr(start, "launch", launch)

    app = open_app()
    app.main.button[0].click().run()

    assert "The disk is full" in app.error[0].value


def test_a_running_study_shows_its_stage_rate_and_time_left(runs, open_app):
    (runs / "demo").mkdir()
    write_status(runs / "demo", RUNNING)

    app = open_app()

    assert app.get("progress")[0].proto.value == 42
    assert "42% done" in words(app).replace("\\", "")
    assert "412 images/s" in words(app).replace("\\", "")
    assert "about 71 s left" in words(app)


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_a_first_training_that_stopped_says_why_and_can_be_started_again(runs, open_app, state):
    (runs / "demo").mkdir()
    status = dataclasses.replace(RUNNING, state=state, message="The disk is full.")
    write_status(runs / "demo", status)

    app = open_app()

    assert "The disk is full" in words(app)
    assert app.main.button[0].label == "Train the demo study"


@pytest.mark.parametrize(
    "file",
    [
        "analysis/models.parquet",
        "analysis/labels.parquet",
        "analysis/scores.parquet",
        "analysis/comparisons.parquet",
    ],
)
@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_table_that_cannot_be_read_is_named_with_the_command_that_remakes_it(
    study, open_app, file, damage
):
    if damage == "missing":
        (study / file).unlink()
    else:
        (study / file).write_bytes(b"PAR1 no")

    app = open_app()

    assert not app.exception
    assert file.split("/")[1] in plain(app.error[0].value)
    assert "PosixPath" not in app.error[0].value
    assert app.code[0].value.startswith("python -m pipelines.study --recipe")
    assert str(study) in app.code[0].value


def test_a_damaged_recipe_is_not_offered_as_the_recipe_to_start_from(study, open_app):
    (study / "study.toml").write_text("name = [")

    app = open_app()

    assert "study.toml" in app.error[0].value
    assert "--recipe RECIPE" in app.code[0].value


def test_an_analysis_of_another_version_says_so_with_the_command_that_remakes_it(study, open_app):
    manifest = study / "analysis" / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace(f'"schema_version": {VERSION}', '"schema_version": 3'))

    app = open_app()

    assert "have schema version 3" in app.error[0].value.replace("\\", "")
    assert "Make it anew" not in app.error[0].value
    assert app.code[0].value.startswith("python -m pipelines.study --recipe")


def test_a_study_that_ended_early_can_be_resumed_on_the_page_of_runs(study, open_app):
    (study / "analysis" / "labels.parquet").unlink()
    write_status(study, dataclasses.replace(RUNNING, state="failed"))

    links = [link.proto for link in open_app().main.get("page_link")]

    assert [(link.label, link.query_string) for link in links] == [
        ("Resume or delete it on the page Runs", "opened=demo")
    ]


def test_a_study_in_training_shows_its_progress_until_its_tables_are_there(study, open_app):
    (study / "analysis" / "labels.parquet").unlink()
    write_status(study, RUNNING)

    app = open_app()

    assert not app.error
    assert app.get("progress")[0].proto.value == 42


def test_a_study_that_was_analysed_again_is_read_again(study, open_app):
    app = open_app()
    change_tables(study, models=table_of(study, "models").assign(mean_ap=0.125))

    app.run()

    assert table_with(app, "mAP")["mAP"].tolist() == ["0.125"] * 3


def test_the_link_wins_over_the_newest_study(runs, open_app):
    write_study(runs / "first", names=names_of(3))
    write_study(runs / "second", names=names_of(4))

    app = open_app(study="first")

    assert app.selectbox(key="study").value == "first"
    assert "3 labels" in words(app)


def test_the_study_is_kept_when_the_page_changes(runs, open_app):
    write_study(runs / "first", names=names_of(3))
    write_study(runs / "second", names=names_of(4))
    app = open_app(study="first")

    app.query_params.clear()  # as the browser does on the way to another page
    app.switch_page("pages/1_Difficulty.py").run()

    assert app.selectbox(key="study").value == "first"
    assert app.query_params["study"] == "first"


@pytest.mark.parametrize("page", ["overview.py", "pages/1_Difficulty.py", "pages/4_Label.py"])
def test_a_link_that_says_all_is_not_written_again(runs, open_app, monkeypatch, page):
    write_study(runs / "first", names=names_of(3))
    app = open_app(None if page == "overview.py" else page, label="label 0001")
    written = []
    monkeypatch.setattr(QueryParams, "_send_query_param_msg", lambda params: written.append(params))

    app.run()

    assert app.query_params["study"] == "first"
    assert app.query_params["split"] == "test"
    assert written == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.2, "about 1 s left"), (71, "about 71 s left"), (150, "about 2 min left")],
)
def test_the_time_left_reads_as_a_person_would_say_it(seconds, text):
    assert start.time_left(seconds) == text
