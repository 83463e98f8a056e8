from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from udviz.data.readers.table import TableSettings, read_table
from udviz.data.tables.columns import ColumnSettings


def test_columns_of_a_csv_are_read_as_present_absent_and_unknown(labelled):
    dataset = read_table(labelled / "labels.csv", images=labelled / "photos")

    assert dataset.label_names == ("cat", "dog")
    assert dataset.image_ids == ("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    assert dataset.splits.tolist() == ["train", "train", "val", "test"]
    np.testing.assert_array_equal(dataset.targets, [[1, 0], [-1, 1], [0, 1], [1, 0]])
    assert dataset.targets.dtype == np.int8
    assert not dataset.difficult.any()
    assert dataset.name == labelled.name
    assert dataset.problems == ()
    assert dataset.load(1).shape == (16, 24, 3)


def test_parquet_with_numbers_missing_values_and_booleans_says_the_same_as_csv(labelled):
    frame = pd.DataFrame(
        {
            "image": ["a.jpg", "b.jpg", "c.jpg", "d.jpg"],
            "cat": [1.0, np.nan, 0.0, 1.0],
            "dog": pd.array([False, True, True, False]),
            "split": ["train", "train", "valid", "test"],
        }
    )
    frame.to_parquet(labelled / "labels.parquet")

    from_parquet = read_table(labelled / "labels.parquet", images=labelled / "photos")

    from_csv = read_table(labelled / "labels.csv", images=labelled / "photos")
    np.testing.assert_array_equal(from_parquet.targets, from_csv.targets)
    assert from_parquet.fingerprint == from_csv.fingerprint


def test_a_name_that_looks_like_a_number_stays_as_it_is_written(tmp_path, save_photo):
    (save_photo(tmp_path / "a.png")).rename(tmp_path / "0010")
    write(tmp_path / "labels.csv", "image,007", "0010,1")

    dataset = read_table(tmp_path / "labels.csv", images=tmp_path)

    assert dataset.image_ids == ("0010",)
    assert dataset.label_names == ("007",)


def test_a_label_that_reads_like_a_missing_value_is_a_label(labelled):
    write(labelled / "labels.csv", "image,tags,split", "a.jpg,NA;null,train", "b.jpg,nan;dog,train")

    dataset = read_table(labelled / "labels.csv", images=labelled / "photos")

    assert dataset.label_names == ("NA", "dog", "nan", "null")
    np.testing.assert_array_equal(dataset.targets, [[1, 0, 0, 1], [0, 1, 1, 0]])


def test_targets_agree_with_a_plain_read_by_pandas(tmp_path, rng, save_photo):
    names = [f"{index}.png" for index in range(30)]
    save_photo(tmp_path / "0.png")
    for name in names[1:]:
        save_photo(tmp_path / name, seed=int(name[:-4]))
    truth = rng.choice([0.0, 1.0, np.nan], size=(30, 7))
    frame = pd.DataFrame(truth, columns=[f"label {index}" for index in range(7)])
    frame.insert(0, "image", names)
    frame.to_csv(tmp_path / "labels.csv", index=False)

    dataset = read_table(tmp_path / "labels.csv", images=tmp_path)

    np.testing.assert_array_equal(dataset.targets, np.nan_to_num(truth, nan=-1))


def test_a_splits_file_is_used_and_its_other_columns_are_not(labelled):
    write(
        labelled / "splits.csv",
        "image,split,camera",
        "d.jpg,training,x",
        "c.jpg,test,x",
        "b.jpg,val,x",
        "a.jpg,train,x",
        "z.jpg,train,x",
    )

    dataset = read_table(
        labelled / "labels.csv",
        images=labelled / "photos",
        splits=labelled / "splits.csv",
    )

    assert dataset.splits.tolist() == ["train", "val", "test", "train"]
    assert dataset.label_names == ("cat", "dog")
    assert found(dataset) == {
        "split of an image without labels": ("z.jpg",),
        "label without a positive in train": ("dog",),
    }


def test_without_splits_they_are_drawn_from_the_names(tmp_path, save_photo):
    for index in range(40):
        save_photo(tmp_path / f"{index}.png", seed=index)
    lines = [f"{index}.png,1" for index in range(40)]
    write(tmp_path / "one.csv", "image,cat", *lines)
    write(tmp_path / "two.csv", "image,cat", *reversed(lines))
    settings = TableSettings(split_fractions=(0.5, 0.25, 0.25))

    one = read_table(tmp_path / "one.csv", images=tmp_path, settings=settings)
    two = read_table(tmp_path / "two.csv", images=tmp_path, settings=settings)

    assert set(one.splits.tolist()) == {"train", "val", "test"}
    assert dict(zip(one.image_ids, one.splits, strict=True)) == dict(
        zip(two.image_ids, two.splits, strict=True)
    )


def test_the_fingerprint_sees_what_the_data_are_and_not_where_they_are(labelled, tmp_path_factory):
    def fingerprint(root: Path) -> str:
        return read_table(root / "labels.csv", images=root / "photos").fingerprint

    before = fingerprint(labelled)
    moved = tmp_path_factory.mktemp("moved") / "set"
    labelled.rename(moved)
    assert fingerprint(moved) == before

    text = (moved / "labels.csv").read_text()
    for old, new in (
        ("a.jpg,1,0", "a.jpg,1,1"),
        ("cat", "Cat"),
        ("d.jpg,true,False,test", "d.jpg,true,False,val"),
    ):
        (moved / "labels.csv").write_text(text.replace(old, new))
        assert fingerprint(moved) != before
    (moved / "labels.csv").write_text(text)
    photo = moved / "photos" / "a.jpg"
    photo.write_bytes(photo.read_bytes()[::-1])  # as long as before
    settings = TableSettings(verify="none")
    changed = read_table(moved / "labels.csv", images=moved / "photos", settings=settings)
    assert changed.fingerprint != before


def test_label_names_are_only_text(labelled):
    names = ['=cmd|" /C calc"!A0', "<script>alert(1)</script>", "../../etc", "null", "nan"]
    frame = pd.DataFrame(1, index=range(4), columns=names)
    frame.insert(0, "image", ["a.jpg", "b.jpg", "c.jpg", "d.jpg"])
    frame["split"] = "train"
    frame.to_csv(labelled / "labels.csv", index=False)

    assert read_table(labelled / "labels.csv", images=labelled / "photos").label_names == tuple(
        names
    )


def test_row_numbers_written_by_pandas_are_no_label(labelled):
    frame = pd.read_csv(labelled / "labels.csv", dtype=str)
    frame.to_csv(labelled / "labels.csv")  # with the index as a column without a name

    dataset = read_table(labelled / "labels.csv", images=labelled / "photos")

    assert dataset.label_names == ("cat", "dog")


def test_label_names_choose_and_order_the_columns(labelled):
    settings = TableSettings(columns=ColumnSettings(label_columns=("dog",)))
    dataset = read_table(labelled / "labels.csv", images=labelled / "photos", settings=settings)
    assert dataset.label_names == ("dog",)
    np.testing.assert_array_equal(dataset.targets[:, 0], [0, 1, 1, 0])

    settings = TableSettings(columns=ColumnSettings(label_columns=("wolf",)))
    with pytest.raises(
        ValueError, match=r"--data.label_columns: must name columns.*\['wolf'\].*cat, dog"
    ):
        read_table(labelled / "labels.csv", images=labelled / "photos", settings=settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,cat,cat\na.jpg,1,0\n", r"labels\.csv cannot be read.*different names.*'cat'"),
        (
            "image,cat\na.jpg,1,0\n",
            r"labels\.csv cannot be read.*more cells than its first has names",
        ),
        ("image,cat\na.jpg,1\nb.jpg,1,0\n", r"labels\.csv cannot be read.*line 3"),
        ("", r"labels\.csv cannot be read"),
        ("image\na.jpg\n", r"several columns, got one"),
    ],
)
def test_what_is_no_table_is_refused_by_name(labelled, text, message):
    (labelled / "labels.csv").write_text(text)

    with pytest.raises(ValueError, match=message):
        read_table(labelled / "labels.csv", images=labelled / "photos")


def test_missing_tables_folders_and_columns_are_refused_by_name(labelled):
    labels, images = labelled / "labels.csv", labelled / "photos"

    with pytest.raises(FileNotFoundError, match=r"There is no table at .*nothing\.csv"):
        read_table(labelled / "nothing.csv", images=images)
    with pytest.raises(FileNotFoundError, match=r"images must be in a folder, got .*nowhere"):
        read_table(labels, images=labelled / "nowhere")
    with pytest.raises(ValueError, match=r"is a spreadsheet\. Save it as CSV"):
        read_table(labelled / "labels.xlsx", images=images)
    with pytest.raises(ValueError, match=r"--data\.image_column: must name columns"):
        read_table(
            labels,
            images=images,
            settings=TableSettings(columns=ColumnSettings(image_column="photo")),
        )
    with pytest.raises(ValueError, match="`masks` and `mask_labels` must be given together"):
        read_table(labels, images=images, masks=images)
    with pytest.raises(ValueError, match="`bad_images` must be one of stop, set_aside, got 'x'"):
        read_table(labels, images=images, settings=TableSettings(bad_images="x"))


@pytest.mark.real_data
def test_the_street_photos_are_read_whole(real_data):
    root = real_data / "ccp-256"

    dataset = read_table(
        root / "labels.csv",
        images=root / "images",
        splits=root / "splits.csv",
        masks=root / "masks",
        mask_labels=root / "mask_labels.csv",
    )

    assert dataset.targets.shape == (2096, 57)
    assert [len(dataset.indices(s)) for s in ("train", "val", "test")] == [1228, 336, 532]
    assert [p.kind for p in dataset.problems] == ["label without a positive in train"]
    masks = [dataset.load_mask(index) for index in range(0, 2096, 50)]
    assert any(mask is None for mask in masks)
    shown = next(index for index in range(0, 2096, 50) if dataset.load_mask(index) is not None)
    assert dataset.load_mask(shown).shape == dataset.load(shown).shape[:2]
    labels = set(np.unique(dataset.load_mask(shown)).tolist()) - {-1}
    assert labels == set(np.flatnonzero(dataset.targets[shown] == 1).tolist())


def found(dataset) -> dict[str, tuple[str, ...]]:
    return {problem.kind: problem.examples for problem in dataset.problems}


def write(path: Path, *lines: str) -> None:
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def sites(tmp_path, save_photo) -> Path:
    """Forty photos with a table of labels, and one of splits and of who annotated."""
    save_photo(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    names = [f"{place:02d}.png" for place in range(40)]
    (tmp_path / "photos").mkdir()
    for place, name in enumerate(names):
        (tmp_path / "photos" / name).write_bytes(content + bytes([place]))  # no two are alike
    splits = ["train", "val", "test", "train"]
    people = ["ann", "bob"]
    write(
        tmp_path / "labels.csv", "image,cat", *(f"{n},{k % 3 == 0:d}" for k, n in enumerate(names))
    )
    rows = (f"{n},{splits[k % 4]},{people[k % 2]}" for k, n in enumerate(names))
    write(tmp_path / "splits.csv", "image,split,by", *rows)
    return tmp_path


def read_sites(sites, **columns):
    settings = TableSettings(columns=ColumnSettings(**columns))
    return read_table(
        sites / "labels.csv",
        images=sites / "photos",
        splits=sites / "splits.csv",
        settings=settings,
    )


def test_slices_of_the_splits_table_stay_with_their_images_and_out_of_the_fingerprint(sites):
    dataset = read_sites(sites, slice_columns=("by",))

    assert dataset.slices["by"].tolist() == ["ann", "bob"] * 20
    assert dataset.label_names == ("cat",)
    assert dataset.fingerprint == read_sites(sites).fingerprint


def test_a_column_that_could_tell_slices_apart_is_suggested(sites):
    without = read_sites(sites)

    assert without.slices is None
    (guess,) = without.guesses
    assert guess.what == "column 'by' is not read: ann, bob"
    assert guess.flag == "--data.slice_columns 'by'"
    assert read_sites(sites, slice_columns=("by",)).guesses == ()


def test_a_slice_column_of_the_labels_table_is_no_label(sites):
    table = pd.read_csv(sites / "labels.csv")
    table.assign(site=["north", "south"] * 20).to_csv(sites / "labels.csv", index=False)

    with pytest.raises(ValueError, match=r"'north', 'south'.*--data\.slice_columns"):
        read_sites(sites)
    dataset = read_sites(sites, slice_columns=("site", "by"))

    assert dataset.label_names == ("cat",)
    assert list(dataset.slices) == ["site", "by"]


def test_a_label_that_is_also_to_tell_slices_apart_is_refused(sites):
    with pytest.raises(ValueError, match="must name no labels, got 'cat'"):
        read_sites(sites, slice_columns=("cat",), label_columns=("cat",))
