import json

import numpy as np
import pytest

from udviz.data.problems import DataProblems
from udviz.data.readers.imagefolder import read_imagefolder
from udviz.data.readers.table import TableSettings
from udviz.data.tables.columns import ColumnSettings


def json_lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def photos(tmp_path, save_photo):
    """One photo in each of three split folders."""
    for seed, split in enumerate(("train", "validation", "test")):
        save_photo(tmp_path / split / "x.png", seed=seed)
    return tmp_path


def test_a_table_in_every_split_folder(photos):
    json_lines(photos / "train" / "metadata.jsonl", {"file_name": "x.png", "tags": ["cat", "dog"]})
    json_lines(photos / "validation" / "metadata.jsonl", {"file_name": "x.png", "tags": ["dog"]})
    json_lines(photos / "test" / "metadata.jsonl", {"file_name": "x.png", "tags": []})

    dataset = read_imagefolder(photos)

    assert dict(zip(dataset.image_ids, dataset.splits, strict=True)) == {
        "train/x.png": "train",
        "validation/x.png": "val",
        "test/x.png": "test",
    }
    assert dataset.label_names == ("cat", "dog")
    by_id = dict(zip(dataset.image_ids, dataset.targets.tolist(), strict=True))
    assert by_id == {"train/x.png": [1, 1], "validation/x.png": [0, 1], "test/x.png": [0, 0]}
    assert dataset.problems == ()
    assert dataset.load(0).shape == (16, 24, 3)


def test_one_table_at_the_top_with_the_splits_of_the_folders(photos):
    (photos / "metadata.csv").write_text(
        "file_name,cat,dog\ntrain/x.png,1,\nvalidation/x.png,0,1\ntest/x.png,0,0\n"
    )

    dataset = read_imagefolder(photos)

    assert dataset.splits.tolist() == ["train", "val", "test"]
    np.testing.assert_array_equal(dataset.targets, [[1, -1], [0, 1], [0, 0]])


def test_a_split_column_goes_before_the_folders(photos):
    (photos / "metadata.csv").write_text(
        "file_name,split,cat\ntrain/x.png,test,1\nvalidation/x.png,train,1\n"
    )

    assert read_imagefolder(photos).splits.tolist() == ["test", "train"]


def test_other_columns_are_left_out_when_the_labels_are_named(photos):
    json_lines(
        photos / "metadata.jsonl",
        {"file_name": "train/x.png", "tags": ["cat"], "text": "a cat", "objects": {"bbox": []}},
    )
    settings = TableSettings(columns=ColumnSettings(label_column="tags"))

    assert read_imagefolder(photos, settings=settings).label_names == ("cat",)


def test_a_file_outside_the_folder_is_a_problem(photos):
    (photos / "metadata.csv").write_text(
        "file_name,cat\n../x.png,1\n/etc/passwd,1\ntrain/x.png,1\n"
    )

    with pytest.raises(DataProblems, match=r"outside the images folder: 2 \(\.\./x\.png, /etc"):
        read_imagefolder(photos)


def test_no_metadata_a_table_without_file_names_and_broken_json_are_refused(photos):
    with pytest.raises(FileNotFoundError, match=r"must hold one of metadata\.csv, metadata\.jsonl"):
        read_imagefolder(photos)
    (photos / "metadata.csv").write_text("photo,cat\ntrain/x.png,1\n")
    settings = TableSettings(columns=ColumnSettings(image_column="file_name"))
    with pytest.raises(ValueError, match=r"--data\.image_column: must name.*\['file_name'\]"):
        read_imagefolder(photos, settings=settings)
    (photos / "metadata.csv").unlink()
    (photos / "metadata.jsonl").write_text('{"file_name": "train/x.png"\n')
    with pytest.raises(ValueError, match=r"metadata\.jsonl cannot be read as a table"):
        read_imagefolder(photos)
