import json

import pytest

from udviz.data.source import load_dataset
from udviz.data.understood import as_json, lines, short_lines
from udviz.recipe.data import DataConfig


@pytest.fixture
def dataset(labelled):
    text = (labelled / "labels.csv").read_text().replace("image,", "Bild,").replace("a.jpg", "A")
    (labelled / "labels.csv").write_text(text + "x.jpg,1,1,train\n")
    config = DataConfig(kind="table", root=str(labelled), images="photos", bad_images="set_aside")
    return load_dataset(config)


def test_a_person_reads_images_labels_splits_guesses_and_problems(dataset):
    told = lines(dataset)

    assert told[0] == f"{dataset.name}: 4 images, 2 labels"
    assert told[1] == "splits: train 2, val 1, test 1 (as the data give them)"
    assert "cat          2        1        1" in told
    assert "A (train): cat" in told
    assert any(line.startswith("guessed: column 'Bild'") for line in told)
    assert any("A is a.jpg; else --data.images" in line for line in told)
    assert any(line.startswith("problem: missing file: 1 (x.jpg") for line in told)


def test_an_image_tells_what_is_unknown_of_it(dataset, labelled):
    (labelled / "labels.csv").write_text("image,cat,dog\nb.jpg,,1\nc.jpg,0,0\nd.jpg,1,0\n")

    told = lines(load_dataset(DataConfig(kind="table", root=str(labelled), images="photos")))

    assert any("b.jpg" in line and line.endswith("dog; unknown: cat") for line in told)
    assert any("c.jpg" in line and line.endswith("none of the labels") for line in told)


def test_the_short_form_has_no_counts_per_label(dataset):
    assert set(short_lines(dataset)) < set(lines(dataset))
    assert not any("present" in line for line in short_lines(dataset))


def test_splits_that_were_drawn_are_said_to_be(labelled):
    (labelled / "labels.csv").write_text("image,cat\na.jpg,1\nb.jpg,0\nc.jpg,0\nd.jpg,1\n")

    told = short_lines(load_dataset(DataConfig(kind="table", root=str(labelled), images="photos")))

    assert told[1].endswith("(no splits were given, so all are drawn)")


def test_a_program_reads_the_same(dataset):
    found = json.loads(json.dumps(as_json(dataset)))

    assert found["images"] == 4
    assert found["splits"] == {"train": 2, "val": 1, "test": 1}
    assert found["labels"]["cat"] == {"present": 2, "absent": 1, "unknown": 1}
    kinds = [problem["kind"] for problem in found["problems"]]
    assert kinds[0] == "missing file"
    assert "label without a negative in test" in kinds
    assert found["problems"][0]["images_left_out"]
    assert {guess["flag"] for guess in found["guesses"]} == {"--data.image_column", "--data.images"}
