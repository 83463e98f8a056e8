from typing import get_args

import pytest

from udviz.data.recognised import recognised
from udviz.recipe.data import DataConfig
from udviz.ui.launch.folder import told

LAYOUTS = {  # files and folders -> what they are
    "table": (
        ["labels.csv", "images/", "splits.csv"],
        {"labels": "labels.csv", "images": "images"},
    ),
    "other table": (["tags.parquet", "photos/", "read.me"], {"labels": "tags.parquet"}),
    "voc": (["Annotations/", "JPEGImages/"], {"kind": "voc"}),
    "voc below": (["VOC2007/ImageSets/Main/"], {"kind": "voc"}),
    "coco": (
        ["annotations/instances_train2014.json", "annotations/instances_val2014.json"],
        {
            "train_annotations": "annotations/instances_train2014.json",
            "train_images": "train2014",
            "test_annotations": "annotations/instances_val2014.json",
            "test_images": "val2014",
        },
    ),
    "coco, one file": (
        ["annotations/instances_val2017.json"],
        {"train_annotations": "annotations/instances_val2017.json", "test_annotations": ""},
    ),
    "roboflow": (["train/_annotations.coco.json"], {"kind": "coco"}),
    "label studio": (["result.json", "images/"], {"kind": "coco"}),
    "folders": (["train/metadata.csv", "test/metadata.csv"], {"kind": "imagefolder"}),
    "hugging face": (["metadata.csv", "a.jpg"], {"kind": "imagefolder"}),
    "open images": (
        ["oidv7-class-descriptions.csv", "annotations/train-annotations-human-imagelabels.csv"],
        {"kind": "openimages", "images": "."},
    ),
    "nus-wide": (["ImageList/", "Groundtruth/"], {"kind": "nuswide"}),
}


def lay(root, names):
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_is_known_by_the_names_in_it(tmp_path, layout):
    names, expected = LAYOUTS[layout]
    lay(tmp_path, names)

    found = recognised(tmp_path)

    assert expected.items() <= found.items()
    assert DataConfig.model_validate(found).kind == found["kind"]


def test_splits_beside_a_table_are_used(tmp_path):
    lay(tmp_path, ["labels.csv", "images/"])
    assert recognised(tmp_path)["splits"] == ""

    lay(tmp_path, ["split.tsv"])
    assert recognised(tmp_path)["splits"] == "split.tsv"


def test_a_table_that_is_named_needs_no_known_name(tmp_path):
    lay(tmp_path, ["tags.csv", "other.csv", "a.jpg"])

    assert recognised(tmp_path) == {}  # which of the two?
    assert recognised(tmp_path / "tags.csv") == {
        "kind": "table",
        "labels": "tags.csv",
        "images": ".",
        "splits": "",
    }
    assert recognised(tmp_path / "a.jpg") == recognised(tmp_path / "none") == {}


def test_every_kind_of_data_has_a_folder_that_is_recognised_and_a_name(tmp_path):
    kinds = set(get_args(DataConfig.model_fields["kind"].annotation)) - {"scenes"}
    found = set()
    for place, (names, _) in enumerate(LAYOUTS.values()):
        lay(tmp_path / str(place), names)
        found.add(recognised(tmp_path / str(place))["kind"])

    assert found == kinds
    assert all(told(DataConfig.model_validate({"kind": kind})) for kind in kinds)
