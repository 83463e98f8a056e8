"""The app's way in for predictions that were made elsewhere."""

import numpy as np
import pandas as pd
import pytest

from tests.pages.test_runs import button, words
from udviz.analysis.store import read_table
from udviz.ui.frame import access
from udviz.ui.launch import compare_form

OPEN = "Compare predictions"


@pytest.fixture
def files(tmp_path, rng):
    targets = (rng.random((120, 3)) < 0.3).astype(int)
    ids, names = [f"{place}.jpg" for place in range(120)], ["cat", "dog", "cow"]
    table = pd.DataFrame(targets, columns=names, index=pd.Index(ids, name="image"))
    table.to_csv(tmp_path / "targets.csv")
    for model in ("old", "new"):
        scores = targets + rng.normal(size=targets.shape)
        np.savez(tmp_path / f"{model}.npz", scores=scores, image_ids=ids, label_names=names)
    return tmp_path


@pytest.fixture
def form(runs, open_app):
    return button(open_app(), OPEN).click().run()


def fill(app, folder, **typed):
    given = {"targets": "targets.csv", "0.test": "old.npz", "1.test": "new.npz"} | typed
    for key, file in given.items():
        app.text_input(key=f"compare.{key}").set_value(str(folder / file))
    return app.run()


def test_two_paths_become_a_study_that_opens(form, files, runs):
    app = fill(form, files)
    command = app.code[-1].value
    assert f"--model old={files / 'old.npz'} --model new={files / 'new.npz'}" in command
    assert command.endswith(f"--targets {files / 'targets.csv'} --out {runs / 'old-new'}")

    app = button(app, "Compare").click().run()

    assert not app.exception
    assert not app.error, [error.value for error in app.error]
    assert app.query_params["study"] == "old-new"
    assert "old-new is ready" in words(app)
    assert read_table(runs / "old-new", "models")["model"].tolist() == ["old", "new"]
    app.switch_page("pages/6_Data.py")
    app.query_params["part"] = "import report"
    assert "scores taken as logits" in words(app.run())


def test_a_third_model_a_name_and_a_validation_split_are_passed_on(form, files, runs):
    app = fill(form, files)
    app.toggle(key="compare.val").set_value(True).run()

    for place in range(3):
        app.text_input(key=f"compare.{place}.test").set_value(str(files / "old.npz"))
        app.text_input(key=f"compare.{place}.val").set_value(str(files / "new.npz"))
        app.text_input(key=f"compare.{place}.name").set_value(f"model-{place}")
        app.run()
    app.text_input(key="compare.val-targets").set_value(str(files / "targets.csv"))
    sites = pd.DataFrame({"image": [f"{k}.jpg" for k in range(120)], "site": ["x", "y"] * 60})
    sites.to_csv(files / "sites.csv", index=False)
    app.text_input(key="compare.metadata").set_value(str(files / "sites.csv"))
    app.text_input(key="compare.name").set_value("three").run()
    app = button(app, "Compare").click().run()

    assert not app.error, [error.value for error in app.error]
    models = read_table(runs / "three", "models")
    assert set(models["model"]) == {"model-0", "model-1", "model-2"}
    assert set(models["split"]) == {"test", "val"}
    assert set(read_table(runs / "three", "slices")["slice"]) == {"x", "y"}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"1.test": "gone.npz"}, "gone.npz must be a file of scores"),
        ({"1.test": "model.pt"}, "must not be a pickle"),
        ({"0.test": "new.npz"}, "Give every model its own name"),
        ({"targets": "old.npz"}, "hold one array called targets"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence_and_the_form_stays(
    form, files, runs, typed, told
):
    app = fill(form, files, **typed)
    if button_of(app):
        app = button(app, "Compare").click().run()

    assert told in words(app)
    assert app.text_input(key="compare.targets").value
    assert list(runs.iterdir()) == []


def button_of(app):
    return [button for button in app.button if button.label == "Compare"]


def test_a_study_that_is_there_is_not_overwritten(form, files, runs):
    (runs / "old-new").mkdir()

    app = button(fill(form, files), "Compare").click().run()

    assert "does not exist yet" in words(app)
    assert list((runs / "old-new").iterdir()) == []


def test_files_outside_the_folder_of_all_data_are_not_read(form, files, runs, monkeypatch):
    monkeypatch.setenv("UDVIZ_DATA", str(files / "elsewhere"))

    app = button(fill(form, files), "Compare").click().run()

    assert "--model: must lie in" in words(app)
    assert list(runs.iterdir()) == []


def test_who_may_change_nothing_cannot_open_it(runs, open_app, monkeypatch):
    monkeypatch.setattr(access, "is_owner", lambda: False)

    app = open_app()

    assert button(app, OPEN).disabled
    assert button(app, "Choose files").disabled


def test_a_form_that_was_left_open_reads_nothing(form, files, monkeypatch):
    monkeypatch.setattr("udviz.comparing.files.compare_files", lambda *a, **b: pytest.fail("no"))
    app = fill(form, files)
    answers = iter([None, "closed by now"])  # it may be drawn, but not started any more
    monkeypatch.setattr(compare_form, "may_change", lambda: next(answers))

    app = button(app, "Compare").click().run()

    assert "closed by now" in words(app)


def test_one_form_is_open_at_a_time(runs, open_app):
    app = button(open_app(), OPEN).click().run()

    app = button(app, "New study").click().run()

    assert not app.exception
    assert "compare.targets" not in {field.key for field in app.text_input}


def test_without_a_study_there_are_three_ways_side_by_side(runs, open_app):
    app = open_app()
    ways = ["Train the demo study", "Choose files", "Set up a study"]
    assert [button.label for button in app.main.button] == ways
    told = [code.value for code in app.main.code]
    assert "study --recipe demo" in told[0]
    assert "compare before.npz after.npz --targets targets.csv" in told[1]
    assert "study --recipe table --data.root FOLDER" in told[2]

    compares = button(app, "Choose files").click().run()
    assert compares.text_input(key="compare.targets")

    trains = button(open_app(), "Set up a study").click().run()
    assert trains.selectbox(key="new.source.table").value == "table"
