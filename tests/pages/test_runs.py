import json
import os
import shutil
import time
import tomllib
from dataclasses import replace

import pytest

from tests.pages.seen import charts, values
from tests.pages.synthetic import HOSTILE_NAMES, names_of, table_of, write_study
from tests.studies.disks import fill, free, small_disk
from udviz.launching.cluster import JobState, log_of
from udviz.launching.queue import join_queue
from udviz.studies.events import append_event
from udviz.studies.status import (
    STATUS_FILE,
    STOP_FILE,
    Status,
    read_status,
    stop_request,
    write_status,
)
from udviz.studies.trash import discard
from udviz.ui.frame import access
from udviz.ui.runs import study_actions

RUNS = "pages/7_Runs.py"
RUNNING = Status(
    state="running",
    stage="Baseline student",
    fraction=0.42,
    message="epoch 2/3, best validation mAP 0.512",
    rate="412 images/s",
    seconds_left=71.0,
)


def traces(app, place):
    return charts(app)[place]["data"]


def numbers(field):
    return values(field).tolist()


def words(app):
    kinds = (app.markdown, app.caption, app.warning, app.error, app.info, app.header, app.toast)
    text = "\n".join(element.value for kind in kinds for element in kind)
    return text.translate(dict.fromkeys(map(ord, "\\\u2068\u2069\u200b")))  # as a person sees it


def button(app, label):
    return next(button for button in app.button if button.label == label)


def confirm(app, label):
    """The button of the open question, below that which asked it."""
    return [button for button in app.button if button.label == label][-1]


def labels(app):
    return [button.label for button in app.button]  # a dialog is not in `app.main`


def make(runs, name, state="finished", *, begun=None, **changes):
    """A study that says ``state``; this process owns it."""
    study = runs / name
    study.mkdir()
    (study / "study.toml").write_text('name = "x"\n')
    write_status(study, replace(RUNNING, state=state, **changes))
    if begun is not None:
        for file in study.iterdir():
            os.utime(file, (begun, begun))
    return study


def train(study, run, scores):
    """The event log and status of a run that was trained for as many epochs as there are scores."""
    directory = study / run
    directory.mkdir()
    write_status(directory, Status(state="finished", stage="x", fraction=1.0))
    for epoch, score in enumerate(scores):
        for step in (20, 38):
            losses = {"bce": 2.0 / (epoch + 1), "cal": 1.0 / step}
            append_event(
                directory / "events.jsonl",
                {"event": "step", "epoch": epoch, "step": step, "losses": losses},
            )
        append_event(
            directory / "events.jsonl",
            {"event": "epoch", "epoch": epoch + 1, "step": 0, "validation_map": score},
        )


def test_every_study_is_listed_with_its_state_the_latest_first(runs, open_app):
    now = time.time()
    for age, state in enumerate(("running", "failed", "finished")):
        make(runs, state, state, begun=now - 100 * age)
    (runs / ".decoded").mkdir()

    app = open_app(RUNS)

    assert app.markdown[0].value.startswith("Which studies are running")
    table = app.dataframe[0].value
    assert table["Study"].tolist() == ["running", "failed", "finished"]
    assert table["State"].tolist() == ["▶ running", "✕ failed", "✓ finished"]
    assert table["Progress"].tolist() == [0.42] * 3


def test_finished_studies_say_their_map_and_their_gain(runs, open_app):
    study = write_study(runs / "done", names=names_of(6))
    make(runs, "waits", "queued")
    models = table_of(study, "models").query("split == 'test'").set_index("model")
    mean = table_of(study, "comparisons").query("split == 'test' and scope == 'mean'")
    first = mean[mean["metric"] == "average_precision"].iloc[0]

    table = open_app(RUNS).dataframe[0].value.set_index("Study")

    assert table["mAP"]["done"] == models["mean_ap"][first["after"]]
    assert table["Gain"]["done"] == first["gain"]
    assert table["Of"]["done"] == f"{first['after']} over {first['before']}"
    assert table.loc["waits", ["mAP", "Gain"]].isna().all()


def test_a_study_that_is_alive_is_opened_first_and_the_link_wins(runs, open_app):
    make(runs, "old", "running", begun=1000.0)
    make(runs, "new", "finished")

    assert open_app(RUNS).selectbox(key="opened").value == "old"
    app = open_app(RUNS, opened="new")
    assert app.selectbox(key="opened").value == "new"
    assert "new: ✓ finished" in words(app)


def test_a_running_study_tells_how_far_it_is(runs, open_app):
    make(runs, "mine", "running")

    text = words(open_app(RUNS))

    assert "42% done" in text
    assert "412 images/s" in text
    assert "about 71 s left" in text
    assert "best validation mAP 0.512" in text
    assert "GiB of memory" in text


def test_a_waiting_study_tells_its_place(runs, open_app):
    for name in ("first", "second"):
        make(runs, name, "queued")
        join_queue(runs, name, ["cpu"])

    assert "Position 2 of 2 in the queue" in words(open_app(RUNS, opened="second"))


def test_the_curves_are_those_of_the_event_logs(runs, open_app):
    study = make(runs, "mine")
    train(study, "teacher", [0.25, 0.5])
    train(study, "distilled-0", [0.375])

    app = open_app(RUNS, run="teacher")

    scores = {trace["name"].strip("\u2068\u2069"): trace for trace in traces(app, 0)}
    assert numbers(scores["teacher"]["y"]) == [0.25, 0.5]
    assert numbers(scores["distilled-0"]["y"]) == [0.375]
    bce, cal = traces(app, 1)
    assert (numbers(bce["x"]), numbers(bce["y"])) == ([20, 38, 58, 76], [2.0, 2.0, 1.0, 1.0])
    assert numbers(cal["y"])[1] == pytest.approx(1 / 38)


def test_the_hardest_labels_are_followed_by_their_names(runs, open_app):
    study = make(runs, "mine")
    train(study, "teacher", [0.25])
    for epoch, precision in enumerate([[0.9, 0.2, None, 0.5], [0.8, 0.1, None, 0.05]]):
        event = {"event": "epoch", "epoch": epoch + 1, "step": 0, "label_precision": precision}
        append_event(study / "teacher" / "events.jsonl", event)
    names = json.dumps(["cat", "<b>dog</b>", "cow", "owl"])
    (study / "teacher" / "run.toml").write_text(f"label_names = {names}\n")

    app = open_app(RUNS)

    assert [numbers(trace["y"]) for trace in traces(app, 2)] == [
        [0.5, 0.05],
        [0.2, 0.1],
        [0.9, 0.8],
    ]
    alt = app.get("plotly_chart")[2].proto.alt
    assert "owl 0.050, <b>dog</b> 0.100, cat 0.800" in alt


def test_labels_of_a_run_whose_record_is_damaged_have_their_columns(runs, open_app):
    study = make(runs, "mine")
    train(study, "teacher", [0.25])
    event = {"event": "epoch", "epoch": 1, "step": 0, "label_precision": [0.5]}
    append_event(study / "teacher" / "events.jsonl", event)
    (study / "teacher" / "run.toml").write_text("label_names = [")

    alt = open_app(RUNS).get("plotly_chart")[2].proto.alt

    assert "label 0 0.500" in alt


def test_a_link_to_a_run_that_is_not_there_opens_the_last_one(runs, open_app):
    train(make(runs, "mine"), "teacher", [0.25])
    train(make(runs, "other"), "distilled-0", [0.5])

    app = open_app(RUNS, opened="mine", run="nobody")
    assert not app.exception
    assert len(traces(app, 1)) == 2
    app.selectbox(key="opened").select("other").run()

    assert not app.exception
    assert numbers(traces(app, 0)[0]["y"]) == [0.5]
    assert len(traces(app, 1)) == 2


def test_an_epoch_that_was_computed_again_is_drawn_once(runs, open_app):
    study = make(runs, "mine")
    train(study, "teacher", [0.25])
    events = study / "teacher" / "events.jsonl"
    events.write_bytes(events.read_bytes() * 2)

    app = open_app(RUNS)

    assert numbers(traces(app, 0)[0]["y"]) == [0.25]
    assert numbers(traces(app, 1)[0]["x"]) == [20, 38]


def test_dead_channels_and_the_largest_logit_are_shown_and_what_is_unusual_is_said(runs, open_app):
    study = make(runs, "mine")
    train(study, "teacher", [0.25])
    train(study, "baseline-0", [0.25])
    event = {"event": "epoch", "epoch": 2, "step": 0, "channels": 512, "largest_logit": 9.5}
    for run, dead in (("teacher", 16), ("baseline-0", 112)):
        append_event(study / run / "events.jsonl", event | {"dead_channels": dead})

    app = open_app(RUNS)

    table = app.dataframe[-1].value
    assert sorted(table["Dead channels"]) == [16, 112]
    assert table["Largest logit"].tolist() == [9.5, 9.5]
    (warning,) = app.warning
    assert "112 of 512 channels" in warning.value
    assert "teacher" not in warning.value


def test_the_end_of_the_log_reads_as_in_a_terminal(runs, open_app):
    log = "Teacher  1 %\rTeacher 50 %\rTeacher 100 %\n\x1b[31mred\x1b[0m <b>x</b>\n"
    (make(runs, "mine") / "log.txt").write_text(log)

    assert open_app(RUNS).code[-1].value == "Teacher 100 %\nred <b>x</b>"


def test_stopping_is_asked_for_twice(runs, open_app, monkeypatch):
    study, stopped = make(runs, "mine", "running"), []
    monkeypatch.setattr(study_actions, "stop", stopped.append)
    app = open_app(RUNS)

    button(app, "Stop").click().run()
    assert "Stop **mine**?" in words(app)
    assert stopped == []
    confirm(app, "Stop").click().run()

    assert stopped == [study]
    assert labels(app).count("Stop") == 1
    assert "Stopping." in words(app)


def test_stopping_what_waits_promises_no_checkpoint(runs, open_app, monkeypatch):
    study, stopped = make(runs, "mine", "queued"), []
    monkeypatch.setattr(study_actions, "stop", stopped.append)
    app = open_app(RUNS)

    button(app, "Stop").click().run()
    assert "checkpoint" not in words(app)
    assert "it leaves the queue" in words(app)
    confirm(app, "Stop").click().run()

    assert stopped == [study]


def test_after_deleting_the_opened_study_no_link_is_said_to_ask_for_it(runs, open_app):
    make(runs, "kept", begun=1.0)
    make(runs, "mine", begun=2.0)
    app = open_app(RUNS, opened="mine")

    button(app, "Delete").click().run()
    confirm(app, "Move to trash").click().run()

    assert not app.sidebar.warning
    assert app.sidebar.selectbox(key="opened").value == "kept"


def test_while_a_first_study_trains_its_progress_is_shown_whatever_its_name(runs, open_app):
    make(runs, "mine", "running")

    app = open_app()

    assert "Training" in app.header[0].value
    assert "No study yet" not in words(app)


def test_a_question_can_be_answered_with_no(runs, open_app, monkeypatch):
    make(runs, "mine", "running")
    monkeypatch.setattr(study_actions, "stop", lambda study: pytest.fail("stopped"))
    app = open_app(RUNS)

    button(app, "Stop").click().run()
    button(app, "Cancel").click().run()

    assert labels(app).count("Stop") == 1


def test_a_stop_that_fails_says_so_on_the_page(runs, open_app):
    study = make(runs, "mine", "running")
    values = json.loads((study / "status.json").read_text())
    (study / "status.json").write_text(json.dumps(values | {"host": "elsewhere"}))
    app = open_app(RUNS)

    button(app, "Stop").click().run()
    confirm(app, "Stop").click().run()

    assert "runs on elsewhere. Stop it there." in words(app)
    assert "Stopping." not in words(app)


def test_what_is_being_stopped_cannot_be_stopped_again(runs, open_app):
    study = make(runs, "mine", "running")
    (study / STOP_FILE).write_text(json.dumps(stop_request(read_status(study))))

    app = open_app(RUNS)

    assert button(app, "Stop").disabled
    assert app.dataframe[0].value["State"].tolist() == ["◧ stopping"]


@pytest.mark.parametrize("state", ["failed", "stopped", "lost"])
def test_a_run_that_ended_early_says_why_and_can_be_resumed(runs, open_app, monkeypatch, state):
    study, resumed = make(runs, "mine", state, message="The disk is full."), []
    monkeypatch.setattr(study_actions, "resume", resumed.append)
    app = open_app(RUNS)
    assert "The disk is full." in words(app)

    button(app, "Resume").click().run()

    assert resumed == [study]


def test_a_finished_run_offers_its_results_and_no_resume(runs, open_app):
    write_status(write_study(runs / "demo", names=names_of(3)), replace(RUNNING, state="finished"))

    app = open_app(RUNS)

    offered = ["Compare predictions", "Delete", "New study", "New study from this one"]
    assert sorted(labels(app)) == offered
    assert any(link.proto.label == "Results" for link in app.get("page_link"))


def test_a_resume_that_fails_says_why_in_a_sentence(runs, open_app):
    study = make(runs, "mine", "failed")
    (study / "study.toml").unlink()

    app = open_app(RUNS)
    button(app, "Resume").click().run()

    assert not app.exception
    assert "neither can be read" in app.error[0].value


def test_on_a_full_or_a_read_only_disk_the_page_says_so(tmp_path, monkeypatch, open_app):
    with small_disk(tmp_path / "disk", n_bytes=2**20) as disk:
        monkeypatch.setenv("UDVIZ_RUNS", str(disk.path))
        study = make(disk.path, "mine", "stopped")
        few = "[data]\nside_px = 64\nn_train = 8\nn_val = 4\nn_test = 4\n"
        (study / "study.toml").write_text(few)
        (disk.path / ".queue").mkdir()
        app = open_app(RUNS)

        fill(disk.path)
        button(app, "Resume").click().run()
        assert not app.exception
        assert "The disk is full" in app.error[0].value

        free(disk.path)
        disk.make_read_only()
        button(app, "Resume").click().run()
        assert not app.exception
        assert "No permission to write" in app.error[0].value
        assert app.dataframe[0].value["Study"].tolist() == ["mine"]


def test_a_deleted_study_can_be_restored_until_the_trash_is_emptied(runs, open_app):
    study = make(runs, "mine")
    make(runs, "other")
    app = open_app(RUNS, opened="mine")

    button(app, "Delete").click().run()
    button(app, "Move to trash").click().run()
    assert not study.exists()
    assert app.dataframe[0].value["Study"].tolist() == ["other"]
    button(app, "Restore").click().run()
    assert (study / "study.toml").exists()

    discard(study)
    app.run()
    button(app, "Empty the trash").click().run()
    button(app, "Delete permanently").click().run()
    assert not study.exists()
    assert not (runs / ".trash").exists()
    assert (runs / "other").exists()


def test_the_settings_of_a_run_go_into_the_form(runs, open_app):
    study = make(runs, "mine")
    (study / "study.toml").write_text("[teacher]\nepochs = 77\n")
    app = open_app(RUNS)

    button(app, "New study from this one").click().run()

    file = str(study / "study.toml")
    assert app.number_input(key=f"new.{file}:teacher.epochs").value == 77
    assert f"--recipe {file} --out {runs}/mine-2 --name mine-2" in app.code[-1].value


def test_a_relative_folder_of_all_studies_is_understood(runs, open_app, monkeypatch):
    study = make(runs, "mine")
    (study / "study.toml").write_text("[teacher]\nepochs = 77\n")
    monkeypatch.setenv("UDVIZ_RUNS", os.path.relpath(runs))
    app = open_app(RUNS)

    button(app, "New study from this one").click().run()

    assert 77 in [field.value for field in app.number_input]


def test_without_any_run_the_page_offers_the_demo(runs, open_app):
    assert "Train the demo study" in labels(open_app(RUNS))


def test_where_others_can_reach_the_app_nothing_can_be_done_and_the_page_says_why(
    runs, open_app, monkeypatch
):
    make(runs, "mine", "running")
    discard(make(runs, "gone"))
    monkeypatch.setattr(access, "is_owner", lambda: False)

    app = open_app(RUNS)

    assert all(button.disabled for button in app.button)
    assert access._CLOSED in [element.value for element in app.info]


@pytest.mark.parametrize("file", [STATUS_FILE, "study.toml", "launch.json", "teacher/run.toml"])
def test_a_file_cut_at_every_tenth_byte_leaves_pages_that_explain(runs, open_app, file):
    study = write_study(runs / "mine", names=names_of(3))
    write_status(study, replace(RUNNING, state="failed"))
    train(study, "teacher", [0.25, 0.5])
    (study / "launch.json").write_text('{"recipe": "demo", "asked": 0.0, "settings": {}}')
    (study / "teacher" / "run.toml").write_text('role = "teacher"\nlabel_names = ["cat", "dog"]\n')
    whole = (study / file).read_bytes().rstrip()
    overview, page = open_app(), open_app(RUNS)

    for length in range(0, len(whole), 10):
        (study / file).write_bytes(whole[:length])
        for app in (overview, page):
            app.run()
            assert not app.exception, (file, length)
        assert page.dataframe[0].value["Study"].tolist() == ["mine"]
        if file == STATUS_FILE:
            assert "The status file is missing, damaged" in words(page)
        if file == "study.toml" and not is_toml(whole[:length]):
            assert f"{study}/study.toml` cannot be read" in words(overview)
            button(page, "Resume").click().run()
            assert f"{study}/study.toml` must be a TOML file" in words(page)
        assert not button(page, "Resume").disabled


def is_toml(content):
    try:
        tomllib.loads(content.decode())
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("lost", ["study.toml", STATUS_FILE, "teacher", "analysis", "launch.json"])
def test_a_study_that_is_half_deleted_is_explained_on_the_overview(runs, open_app, lost):
    study = write_study(runs / "mine", names=names_of(3))
    write_status(study, replace(RUNNING, state="failed", message="The disk is full."))
    train(study, "teacher", [0.25])
    (study / "launch.json").write_text('{"recipe": "demo", "asked": 0.0, "settings": {}}')
    path = study / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    app = open_app()

    assert not app.exception
    if lost == "study.toml":
        assert "No study yet" in words(app)
    if lost == "analysis":
        assert "must hold an analysis, but has none" in words(app)
        assert "The disk is full." in words(app)


def test_an_event_log_cut_at_every_tenth_byte_costs_one_line_of_it(runs, open_app):
    study = make(runs, "mine")
    train(study, "teacher", [0.25, 0.5])
    events = study / "teacher" / "events.jsonl"
    whole = events.read_bytes()

    from udviz.studies.listing import list_runs
    from udviz.ui.runs.curves import losses, validation_scores

    for length in range(0, len(whole), 10):
        events.write_bytes(whole[:length])
        n_lines = whole[:length].count(b"\n")
        found = len(validation_scores(list_runs(study))) + len(losses(list_runs(study)[0])) // 2
        assert found in (n_lines, n_lines + 1)  # the last line may lack nothing but its end


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"event": "epoch"}',
        '{"event": "epoch", "epoch": "x", "step": 0}',
        '{"event": "epoch", "epoch": 2, "step": 0, "validation_map": NaN}',
        '{"event": "epoch", "epoch": 2, "step": 0, "label_precision": 3}',
        '{"event": "epoch", "epoch": 2, "step": 0, "label_precision": ["x", null]}',
        '{"event": "step", "epoch": 0, "step": 20, "losses": 3}',
        '{"event": "step", "epoch": 0, "step": 20, "losses": {"bce": "x"}}',
    ],
)
def test_an_event_log_of_another_version_is_left_out(runs, open_app, line):
    study = make(runs, "mine")
    train(study, "teacher", [0.25])
    with (study / "teacher" / "events.jsonl").open("a") as file:
        file.write(line + "\n")

    app = open_app(RUNS)

    assert not app.exception
    assert numbers(traces(app, 0)[0]["y"]) == [0.25]


@pytest.mark.parametrize("lost", ["study.toml", STATUS_FILE, "teacher", "teacher/events.jsonl"])
def test_a_run_directory_that_is_half_deleted_still_opens(runs, open_app, lost):
    study = make(runs, "mine")
    train(study, "teacher", [0.25])
    path = study / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    app = open_app(RUNS)

    assert not app.exception
    assert app.dataframe[0].value["Study"].tolist() == ["mine"]


def test_a_clock_that_was_set_back_makes_no_run_begin_in_the_future(runs, open_app):
    make(runs, "mine", "running", begun=time.time() + 7200)

    begun = open_app(RUNS).dataframe[0].value["Started"][0]

    assert begun.timestamp() <= time.time()


def test_a_hostile_name_reads_as_it_is(runs, open_app):
    name = HOSTILE_NAMES[0].replace("/", "")
    make(runs, name)

    app = open_app(RUNS)

    assert not app.exception
    assert app.dataframe[0].value["Study"].tolist() == [name]
    assert "\\<b\\>bold" in app.header[0].value


def test_two_hundred_studies_are_listed_in_time(runs, open_app):
    for number in range(200):
        make(runs, f"run-{number:03d}", "running" if number == 7 else "finished")
    app = open_app(RUNS)

    begun = time.process_time()  # of all threads here; another program's load does not count
    app.run()
    seconds = time.process_time() - begun

    assert len(app.dataframe[0].value) == 200
    assert seconds < 2.0


def test_a_run_that_waits_in_a_cluster_says_as_which_job(runs, open_app, monkeypatch):
    state = JobState(word="PENDING")
    for module in ("udviz.studies.status", "udviz.ui.runs.study_panel"):
        monkeypatch.setattr(f"{module}.job_state", lambda job: state)
    make(runs, "mine", "queued", stage="Waiting in the cluster's queue", job="slurm:41")
    make(runs, "busy", "running", job="slurm:42")
    (runs / "busy" / ".job").mkdir()
    (runs / "busy" / ".job" / "42_0_log.out").write_text("srun: told to go on\n")

    waits = words(open_app(RUNS, opened="mine"))
    assert "Waiting in the cluster's queue, as job slurm:41; cluster state: pending" in waits
    assert "Position 1" not in waits
    busy = open_app(RUNS, opened="busy")
    assert "42% done · job slurm:42 · 412 images/s" in words(busy)
    assert busy.code[0].value == "srun: told to go on"


@pytest.mark.parametrize("job", ["slurm:../../outside", "slurm:", "slurm:a/b", "\x1b"])
def test_a_job_whose_name_is_made_up_has_no_log(tmp_path, job):
    assert log_of(job, tmp_path) is None
