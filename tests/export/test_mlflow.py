"""A study's numbers in MLflow, read back by MLflow."""

import warnings

import pytest

from tests.pages.synthetic import change_tables, names_of, table_of, write_study
from udviz.commands import export
from udviz.export.mlflow_run import metrics_of, settings_of
from udviz.ui.frame.view import view_of
from udviz.ui.load.study import read_study


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "runs" / "mine", names=names_of(70))


def logged(uri):
    """The one run at a store, and the names of its artifacts."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("udviz")
    (run,) = client.search_runs([experiment.experiment_id])
    return run, {file.path for file in client.list_artifacts(run.info.run_id)}


def test_mlflow_reads_every_number_back(study, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where MLflow puts artifacts of a store in a file
    uri = f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow's own
        export.main([str(study), "--to", "mlflow", "--uri", uri])
        run, files = logged(uri)

    assert f"run {run.info.run_id} in {uri}" in capsys.readouterr().out
    assert (run.info.run_name, run.info.status) == ("mine", "FINISHED")
    assert run.data.params["teacher.backbone"] == "small_wide"
    assert files == {"report.html", "card.md"}
    scores = table_of(study, "scores").query("split == 'test'")
    for _, row in scores.iterrows():
        name = f"ap/{row['model']}/{row['label']}"
        assert run.data.metrics[name] == pytest.approx(row["average_precision"])
    gains = table_of(study, "comparisons").query("split == 'test' and scope == 'label'")
    gains = gains[(gains["after"] == "distilled") & gains["gain"].notna()]
    for _, row in gains.iterrows():
        name = f"gain/baseline to distilled/{row['label']}"
        assert run.data.metrics[name] == pytest.approx(row["gain"])


def test_without_a_store_all_lies_in_the_study_and_no_folder_of_the_machine_is_told(
    study, tmp_path, monkeypatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    recipe = (study / "study.toml").read_text()
    secret = recipe.replace('kind = "scenes"', 'kind = "table"\nroot = "/home/someone/photos"')
    (study / "study.toml").write_text(secret)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow's own
        export.main([str(study), "--to", "mlflow"])
        run, files = logged(f"sqlite:///{study / 'export' / 'mlflow.db'}")

    assert run.data.params["data.root"] == "…/photos"
    assert files == {"report.html", "card.md"}
    assert len(list((study / "export" / "mlflow").rglob("report.html"))) == 1
    assert not list((tmp_path / "elsewhere").iterdir())


def test_labels_that_mlflow_cannot_name_keep_their_own_metric(study):
    renamed = {"label 0000": "R&B", "label 0001": "R/B", "label 0002": ".."}
    tables = {
        name: table_of(study, name).assign(label=lambda rows: rows["label"].replace(renamed))
        for name in ("labels", "scores", "comparisons")
    }
    change_tables(study, **tables)

    names = [name for name, _ in metrics_of(view_of(read_study(study), "test"))]

    assert len(set(names)) == len(names)
    assert {"ap/teacher/R_B", "ap/teacher/R_B 2", "ap/teacher/_.."} <= set(names)


def test_settings_have_dotted_names_and_no_long_text():
    recipe = {"seeds": [0, 1], "students": {"kd": {"method": "kd"}}, "description": "x" * 9_999}

    assert dict(settings_of(recipe)) == {
        "seeds": "[0, 1]",
        "students.kd.method": "kd",
        "description": "x" * 500,
    }


def test_a_place_is_refused_for_what_goes_to_a_store(study):
    with pytest.raises(ValueError, match="got --to mlflow: pass --uri"):
        export.main([str(study), "--to", "mlflow", "--out", "there"])
