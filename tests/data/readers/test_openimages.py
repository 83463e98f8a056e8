import gzip
import json

import numpy as np
import pytest

from udviz.commands.check import main as check
from udviz.data.problems import DataProblems
from udviz.data.readers.openimages.reader import read_openimages
from udviz.data.source import load_dataset
from udviz.recipe.files import read_recipe, recipe_path

CLASSES = "/m/01yrx,Cat\n/m/0bt9lr,Dog\n/m/0k4j,Car\n/m/0never,Zebra\n"
LABELS = "ImageID,Source,LabelName,Confidence\n"
BOXES = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,"
    "IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
)
TRAIN = (
    "000026e7ee790996,verification,/m/01yrx,1\n"
    "000026e7ee790996,verification,/m/0bt9lr,0\n"
    "000062a39995e348,crowdsource-verification,/m/0bt9lr,1\n"
    "000062a39995e348,verification,/m/01yrx,0\n"
    "00000000000001e2,verification,/m/0k4j,1\n"
    "00000000000001e2,verification,/m/01yrx,0\n"
)
MACHINE = (
    "000026e7ee790996,machine,/m/0k4j,0.9\n"
    "00000000000001e2,machine,/m/01yrx,0.7\n"  # people said it is not there
    "00000000000001e2,machine,/m/0bt9lr,1\n"
)
HELD_OUT = {
    "validation": "aaaaaaaaaaaaaaaa,verification,/m/01yrx,1\n"
    "aaaaaaaaaaaaaaaa,verification,/m/0k4j,0\n",
    "test": "bbbbbbbbbbbbbbbb,verification,/m/0bt9lr,1\nbbbbbbbbbbbbbbbb,verification,/m/01yrx,0\n",
}
TRAIN_BOXES = (
    "000026e7ee790996,xclick,/m/01yrx,1,0.1,0.6,0.2,0.7,0,0,0,0,0\n"
    "000062a39995e348,xclick,/m/0bt9lr,1,0.5,1.0,0.0,1.0,0,0,1,0,0\n"
    "000062a39995e348,xclick,/m/0bt9lr,1,0.5,1.0,0.0,0.4,-1,-1,-1,1,-1\n"
    "000062a39995e348,xclick,/m/0k4j,1,0.2,0.3,0.2,0.3,0,0,0,0,0\n"  # in no file of labels
)
HUMAN = "oidv7-train-annotations-human-imagelabels.csv"


@pytest.fixture
def folder(tmp_path, save_photo):
    """Open Images of three photos for training, one for validation and one for test."""
    root = tmp_path / "open-images"
    annotations = root / "annotations"
    annotations.mkdir(parents=True)
    (annotations / "oidv7-class-descriptions.csv").write_text("LabelName,DisplayName\n" + CLASSES)
    (annotations / HUMAN).write_text(LABELS + TRAIN)
    machine = "oidv7-train-annotations-machine-imagelabels.csv"
    (annotations / machine).write_text(LABELS + MACHINE)
    for split, lines in HELD_OUT.items():
        (root / f"{split}-annotations-human-imagelabels-boxable.csv").write_text(LABELS + lines)
    (annotations / "oidv6-train-annotations-bbox.csv").write_text(BOXES + TRAIN_BOXES)
    names = [f"train/{line[:16]}.jpg" for line in TRAIN.splitlines()[::2]]
    names += [f"{split}/{lines[:16]}.jpg" for split, lines in HELD_OUT.items()]
    for seed, name in enumerate(names):
        save_photo(root / name, seed=seed)
    return root


def read(folder, **settings):
    return read_openimages(folder, images=folder, **settings)


def rewrite(folder, name, text):
    (folder / "annotations" / name).write_text(text)


def test_only_what_people_verified_is_present_or_absent(folder):
    dataset = read(folder)

    assert dataset.label_names == ("Cat", "Dog", "Car")  # nobody verified a zebra
    assert dataset.image_ids[2] == "00000000000001e2"  # no number, though it reads like one
    assert dataset.splits.tolist() == ["train", "train", "train", "val", "test"]
    assert dataset.targets.tolist() == [
        [1, 0, -1],
        [0, 1, 1],  # the car has a box
        [0, -1, 1],
        [1, -1, 0],
        [0, 1, -1],
    ]
    assert not dataset.difficult.any()
    assert [problem.examples for problem in dataset.problems] == [("Zebra",)]
    assert dataset.guesses == ()


def test_boxes_are_fractions_and_flagged_where_they_show_a_group_or_a_depiction(folder):
    boxes = read(folder).boxes

    assert boxes.image.tolist() == [0, 1, 1, 1]
    assert boxes.label.tolist() == [0, 1, 1, 2]
    np.testing.assert_allclose(boxes.corners[0], [0.1, 0.2, 0.6, 0.7])  # left, top, right, bottom
    assert boxes.difficult.tolist() == [False, True, True, False]


def test_a_label_of_which_nothing_is_said_may_count_as_absent_but_not_one_of_a_machine(folder):
    targets = read(folder, blank_means="absent").targets

    assert targets.tolist()[0] == [1, 0, -1]
    assert targets.tolist()[3] == [1, 0, 0]


def test_classes_that_are_left_out_take_their_boxes_with_them(folder):
    dataset = read(folder, ignore_labels=("Car", "/m/01yrx"))

    assert dataset.label_names == ("Dog",)
    assert dataset.boxes.label.tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"--data\.ignore_columns: .* got 'Boat'"):
        read(folder, ignore_labels=("Boat",))


def test_the_files_may_be_packed_and_their_classes_without_a_header(folder):
    annotations = folder / "annotations"
    plain = read(folder)
    (annotations / f"{HUMAN}.gz").write_bytes(gzip.compress((annotations / HUMAN).read_bytes()))
    (annotations / HUMAN).unlink()
    rewrite(folder, "oidv7-class-descriptions.csv", CLASSES)

    assert read(folder).fingerprint == plain.fingerprint


def test_two_classes_of_one_name_are_told_apart(folder):
    rewrite(folder, "oidv7-class-descriptions.csv", CLASSES.replace("Dog", "cat"))

    assert read(folder).label_names == ("Cat (/m/01yrx)", "cat (/m/0bt9lr)", "Car")


def test_photos_that_are_not_there_are_named_or_set_aside_with_what_is_said_of_them(folder):
    (folder / "train" / "000026e7ee790996.jpg").unlink()

    with pytest.raises(DataProblems, match=r"missing file: 1 \(train/000026e7ee790996\.jpg"):
        read(folder)
    dataset = read(folder, bad_images="set_aside")

    assert dataset.image_ids[0] == "000062a39995e348"
    assert dataset.boxes.image.tolist() == [0, 0, 0]
    assert dataset.targets[0].tolist() == [0, 1, 1]
    assert dataset.problems[0].count == 1


def test_a_label_that_is_verified_and_denied_in_one_image_is_named_or_its_image_set_aside(folder):
    again = "000026e7ee790996,verification,/m/01yrx,1\n000026e7ee790996,verification,/m/01yrx,0\n"
    rewrite(folder, HUMAN, LABELS + TRAIN + again)

    with pytest.raises(DataProblems, match=r"contradicting rows: 1 \(000026e7ee790996: Cat is"):
        read(folder)
    assert len(read(folder, bad_images="set_aside").image_ids) == 4


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (HUMAN, "ImageID,LabelName\nx,/m/0k4j\n", r"it lacks Source, Confidence, its first line"),
        (HUMAN, LABELS + "x,verification,/m/0k4j,1.5\n", r"in \[0, 1\], got 1\.5 in line 2"),
        (HUMAN, LABELS + "x,verification,/m/0k4j,\n", r"in \[0, 1\], got nan in line 2"),
        (HUMAN, LABELS + "x,verification,/m/0k4j,yes\n", r"imagelabels\.csv cannot be read: .*yes"),
        (
            HUMAN,
            LABELS + "x,verification,/m/0k4j\n",
            r"cannot be read: .*Expected 4 columns, got 3",
        ),
        (HUMAN, LABELS + "x,verification,/m/0,1\n", r"1 of 1 are not there, such as '/m/0'"),
        ("oidv6-train-annotations-bbox.csv", LABELS, r"it lacks XMin, YMin, .*IsGroupOf"),
        ("class-descriptions.csv", "/m/0k4j,Auto\n", r"one name, got 'Car' and 'Auto'"),
        ("class-descriptions.csv", "/m/0k4j\n", r"LabelName,DisplayName .* got /m/0k4j in line 1"),
    ],
)
def test_a_file_that_is_not_as_published_is_named_with_what_is_wrong(folder, name, text, message):
    rewrite(folder, name, text)

    with pytest.raises(ValueError, match=message):
        read(folder)


def test_a_box_without_an_area_is_reported_and_its_label_is_present(folder):
    odd = "00000000000001e2,xclick,/m/0k4j,1,0.5,0.5,0.1,0.2,0,0,0,0,0\n"
    rewrite(folder, "oidv6-train-annotations-bbox.csv", BOXES + odd)

    dataset = read(folder)

    assert len(dataset.boxes.image) == 0
    assert dataset.problems[0].examples == ("oidv6-train-annotations-bbox.csv, line 2",)


def test_a_folder_without_its_files_is_refused_with_the_names_that_are_looked_for(folder):
    (folder / "annotations" / "oidv7-class-descriptions.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"must have a file class-descriptions\.csv"):
        read(folder)
    with pytest.raises(FileNotFoundError, match=r"train-annotations-human-imagelabels\.csv .*root"):
        read(folder / "train")


def test_the_recipe_reads_it_and_check_says_what_was_understood(folder, capsys):
    data = read_recipe(recipe_path("openimages")).data
    assert len(load_dataset(data.model_copy(update={"root": str(folder)})).image_ids) == 5

    check(["--recipe", "openimages", "--data.root", str(folder), "--json"])

    said = json.loads(capsys.readouterr().out)
    assert said["labels"]["Dog"] == {"present": 2, "absent": 1, "unknown": 2}
    assert said["splits"] == {"train": 3, "val": 1, "test": 1}


HIERARCHY = """{"LabelName": "/m/0bl9f", "Subcategory": [
  {"LabelName": "/m/0jbk", "Subcategory": [
    {"LabelName": "/m/0pet", "Subcategory": [{"LabelName": "/m/01yrx"}]}]},
  {"LabelName": "/m/0toy", "Subcategory": [{"LabelName": "/m/01yrx"}]},
  {"LabelName": "/m/0k4j", "Part": [{"LabelName": "/m/0bt9lr"}]}]}"""


def test_a_label_belongs_to_the_topmost_class_above_it(folder):
    rewrite(folder, "class-descriptions-more.csv", "/m/0jbk,Animal\n/m/0toy,Toy\n")
    rewrite(folder, "bbox_labels_600_hierarchy.json", HIERARCHY)

    dataset = read(folder)

    above = dict(zip(dataset.label_names, dataset.supercategories, strict=True))
    assert above == {"Cat": "Animal", "Dog": "", "Car": ""}  # a part is no kind, a top has no top


@pytest.mark.parametrize("text", ["{", "[]", '{"Subcategory": [{"Subcategory": 3}]}'])
def test_a_file_that_is_no_hierarchy_is_refused_with_its_name(folder, text):
    rewrite(folder, "bbox_labels_600_hierarchy.json", text)

    with pytest.raises(ValueError, match=r"bbox_labels_600_hierarchy\.json must be a tree of Lab"):
        read(folder)
