"""A teacher from elsewhere, without training one."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.training.tiny import N_LABELS
from udviz.data.source import load_dataset
from udviz.recipe.files import parse_recipe
from udviz.studies.models import teacher_run
from udviz.studies.status import Status, write_status
from udviz.training.adoption import adopt_teacher, find_source, with_teacher_found
from udviz.training.checkpoint import WEIGHTS, Checkpoint, save_checkpoint
from udviz.training.networks import build_network, trained_network
from udviz.training.records import read_record, record_study, write_record

DATA = {"n_train": 16, "n_val": 8, "n_test": 8, "side_px": 64}


def recipe_with(**values):
    values = {"teacher": {"backbone": "small", "epochs": 3}, "data": DATA} | values
    return parse_recipe(values, source="test")


@pytest.fixture(scope="module")
def dataset():
    return load_dataset(recipe_with().data)


@pytest.fixture
def other(tmp_path, dataset):
    """The run folder of a teacher of another study, with random weights."""
    return make_teacher(tmp_path / "other", recipe_with(), dataset)


def make_teacher(study, recipe, dataset):
    run = teacher_run(recipe, 0)
    write_record(study, run, recipe, dataset, {})
    directory = run.directory(study)
    weights = build_network(recipe, run, len(dataset.label_names)).state_dict()
    save_checkpoint(directory.checkpoints, "best", Checkpoint(weights=weights, state={}))
    write_status(directory.path, Status(state="finished", stage="teacher", fraction=1.0))
    return directory.path


def taken(place, study, dataset, **values):
    """The recipe of a study that took its teacher from ``place``."""
    teacher = {"backbone": "small_wide", "epochs": 9, "from": str(place)}
    recipe = with_teacher_found(recipe_with(teacher=teacher, **values), study)
    record_study(study, recipe)
    adopt_teacher(recipe, teacher_run(recipe, 0), study, dataset)
    return recipe


def test_the_teacher_comes_with_its_weights_and_its_own_network_settings(tmp_path, other, dataset):
    recipe = taken(other, tmp_path / "new", dataset)

    network = trained_network(recipe, teacher_run(recipe, 0), tmp_path / "new", 20)
    assert (recipe.teacher.backbone, recipe.teacher.epochs) == ("small", 3)
    for name, value in load_file(other / "checkpoints" / "best" / WEIGHTS).items():
        assert torch.equal(network.state_dict()[name], value), name


@pytest.mark.parametrize("where", ["in the run", "beside its record"])
def test_a_safetensors_file_with_its_record_will_do(tmp_path, other, dataset, where):
    file = other / "checkpoints" / "best" / WEIGHTS
    if where == "beside its record":
        (tmp_path / "alone").mkdir()
        shutil.copy(other / "run.toml", tmp_path / "alone")
        file = shutil.copy(file, tmp_path / "alone")

    assert taken(file, tmp_path / "new", dataset).teacher.backbone == "small"


def test_a_teacher_that_was_taken_over_needs_its_source_no_more(tmp_path, other, dataset):
    first = taken(other, tmp_path / "new", dataset)
    shutil.rmtree(other)

    assert taken(other, tmp_path / "new", dataset) == first


def test_a_run_of_other_data_is_taken_with_a_warning(tmp_path, other, dataset):
    recipe = recipe_with(teacher={"from": str(other)}, data=DATA | {"seed": 1})
    recipe = with_teacher_found(recipe, tmp_path / "new")

    run, others = teacher_run(recipe, 0), load_dataset(recipe.data)
    told = adopt_teacher(recipe, run, tmp_path / "new", others)
    plain = adopt_teacher(
        with_teacher_found(recipe_with(teacher={"from": str(other)}), tmp_path / "same"),
        run,
        tmp_path / "same",
        dataset,
    )

    assert "no validation or test image" in told
    assert plain == f"taken from {other}"


def test_other_labels_are_refused_with_the_difference(tmp_path, other, dataset):
    record = other / "run.toml"
    text = record.read_text()
    record.write_text(text.replace('"red disc"', '"red disk"'))
    with pytest.raises(ValueError, match="got one without red disc and with red disk"):
        taken(other, tmp_path / "new", dataset)

    swapped = text.replace('"red disc"', '"x"').replace('"blue square"', '"red disc"')
    record.write_text(swapped.replace('"x"', '"blue square"'))
    with pytest.raises(ValueError, match="with them in another order"):
        taken(other, tmp_path / "new", dataset)
    assert not (tmp_path / "new" / "teacher").exists()


def test_a_teacher_without_calibration_cannot_teach_uncertainty(tmp_path, dataset):
    students = {"baseline": {"method": "none"}, "kd": {"method": "kd"}}
    plain = recipe_with(loss={"cal_loss": "none"}, students=students)
    other = make_teacher(tmp_path / "other", plain, dataset)

    with pytest.raises(ValueError, match="calibration branch for distilled, got one without"):
        taken(other, tmp_path / "new", dataset)

    recipe = taken(other, tmp_path / "kd", dataset, students=students)
    network = trained_network(recipe, teacher_run(recipe, 0), tmp_path / "kd", 20)
    assert network.calibration is None


def test_weights_of_another_network_are_refused(tmp_path, other, dataset):
    save_file({"x": torch.zeros(N_LABELS)}, other / "checkpoints" / "best" / WEIGHTS)

    with pytest.raises(ValueError, match=r"must be the weights of the network in its run.toml"):
        taken(other, tmp_path / "new", dataset)


def test_a_damaged_file_of_weights_is_refused(tmp_path, other, dataset):
    (other / "checkpoints" / "best" / WEIGHTS).write_bytes(b"no safetensors")

    with pytest.raises(ValueError, match="must be a safetensors file, got one that is damaged"):
        taken(other, tmp_path / "new", dataset)


def test_a_run_that_is_not_finished_is_refused(tmp_path, other, dataset):
    write_status(other, Status(state="stopped", stage="teacher", fraction=0.5))

    with pytest.raises(ValueError, match=r"trained to the end, got .*, which is stopped"):
        taken(other, tmp_path / "new", dataset)


@pytest.mark.parametrize("missing", ["run.toml", f"checkpoints/best/{WEIGHTS}"])
def test_a_run_without_weights_or_record_is_refused(other, missing):
    (other / missing).unlink()

    with pytest.raises(ValueError, match="weights or record are missing or damaged"):
        find_source(str(other))


def test_a_place_that_is_no_run_is_refused_naming_the_flag(tmp_path):
    with pytest.raises(ValueError, match=r"--teacher.from: must be the folder of a trained run"):
        find_source(str(tmp_path / "nowhere"))


def test_nothing_is_read_outside_the_folders_of_data_and_studies(tmp_path, other, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "runs").mkdir()
    monkeypatch.setenv("UDVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("UDVIZ_RUNS", str(tmp_path / "runs"))
    link = tmp_path / "runs" / "teacher"
    shutil.copytree(other, link)
    (link / "run.toml").unlink()
    (link / "run.toml").symlink_to(other / "run.toml")

    for place in (other, link):
        with pytest.raises(ValueError, match=r"--teacher.from: must lie in"):
            find_source(str(place))


def test_the_record_of_a_teacher_taken_over_says_from_where(tmp_path, other, dataset):
    taken(other, tmp_path / "new", dataset)

    record = read_record(tmp_path / "new" / "teacher" / "run.toml")
    assert record["taken"]["from"] == str(other)
    assert record["settings"]["network"]["from"] == str(other)
    with pytest.raises(ValueError, match=r"network.from: .*, now \)"):
        record_study(tmp_path / "new", recipe_with())
