import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from udviz.data.images.files import LINK_OUT
from udviz.data.problems import DataProblems, ProblemLog
from udviz.data.readers.table import TableSettings, read_table

SET_ASIDE = TableSettings(bad_images="set_aside")


def test_one_read_reports_everything_that_is_wrong(labelled, save_photo):
    photos = labelled / "photos"
    (photos / "cut.jpg").write_bytes((photos / "a.jpg").read_bytes()[:300])
    (photos / "copy of a.jpg").write_bytes((photos / "a.jpg").read_bytes())
    (photos / "text.jpg").write_text("hello")
    save_photo(photos / "e.jpg", seed=9)
    save_photo(labelled / "secret.jpg", seed=10)
    os.symlink(labelled / "secret.jpg", photos / "link.jpg")
    write(
        labelled / "labels.csv",
        "image,cat,dog,bird,split",
        "a.jpg,1,0,0,train",
        "b.jpg,0,1,0,train",
        "b.jpg,0,1,0,train",
        "c.jpg,0,1,0,val",
        "c.jpg,0,1,0,test",
        "d.jpg,0,2,0,train",
        "e.jpg,0,1,0,later",
        "gone.jpg,1,0,1,train",
        "cut.jpg,1,0,1,train",
        "text.jpg,1,0,1,train",
        "copy of a.jpg,1,0,0,test",
        "../secret.jpg,1,0,0,train",
        f"{labelled}/secret.jpg,1,0,0,train",
        "link.jpg,1,0,0,train",
        ",1,0,0,train",
    )

    with pytest.raises(DataProblems, match='set `bad_images` to "set_aside"') as caught:
        read_table(labelled / "labels.csv", images=photos)
    dataset = read_table(labelled / "labels.csv", images=photos, settings=SET_ASIDE)

    assert caught.value.problems == dataset.problems
    kinds = found(dataset)
    assert kinds.pop("value that says neither present nor absent")[0].startswith("d.jpg: dog = '2'")
    assert kinds.pop("unreadable image")[0].startswith(f"{photos}/cut.jpg: cannot be decoded")
    assert kinds == {
        "missing file": ("gone.jpg (nearest: e.jpg)",),
        "repeated row": ("b.jpg",),
        "image in two splits": ("c.jpg (in val and test)",),
        "same file in two splits": ("a.jpg in train, copy of a.jpg in test",),
        "unknown split": ("e.jpg: later",),
        "image outside the images folder": (
            "../secret.jpg",
            f"{labelled}/secret.jpg",
        ),
        LINK_OUT: ("link.jpg",),
        "row without an image name": ("row 15",),
        "label without a positive in train": ("cat", "bird"),
    }
    assert {p.kind for p in dataset.problems if not p.fatal} == {
        "label without a positive in train",
        "repeated row",
    }
    assert dataset.image_ids == ("b.jpg", "c.jpg", "copy of a.jpg")
    assert dataset.splits.tolist() == ["train", "test", "test"]


def test_an_image_that_the_splits_file_lists_twice_is_a_leak(labelled):
    write(
        labelled / "splits.csv",
        "image,split",
        "a.jpg,test",
        "a.jpg,train",
        "b.jpg,train",
        "b.jpg,train",
        "c.jpg,val",
    )

    dataset = read_table(
        labelled / "labels.csv",
        images=labelled / "photos",
        splits=labelled / "splits.csv",
        settings=SET_ASIDE,
    )

    assert found(dataset)["image in two splits"] == ("a.jpg (in train and test)",)
    assert found(dataset)["image without a split"] == ("d.jpg",)
    assert dict(zip(dataset.image_ids, dataset.splits, strict=True)) == {
        "a.jpg": "test",
        "b.jpg": "train",
        "c.jpg": "val",
    }
    np.testing.assert_array_equal(dataset.targets, [[1, 0], [-1, 1], [0, 1]])


def test_files_that_are_alike_only_at_their_ends_are_no_leak(tmp_path):
    for name, middle in (("a", 10), ("b", 20)):
        pixels = np.zeros((90, 90, 3), dtype=np.uint8)
        pixels[30] = middle  # outside the first, middle and last KiB
        Image.fromarray(pixels).save(tmp_path / f"{name}.bmp")
    write(tmp_path / "labels.csv", "image,cat,split", "a.bmp,1,train", "b.bmp,1,test")

    assert read_table(tmp_path / "labels.csv", images=tmp_path).problems == ()


def test_the_check_can_be_made_stricter_or_left_out(labelled):
    data = bytearray((labelled / "photos" / "a.jpg").read_bytes())
    data[150:-2] = data[-152:-2]  # a broken header of tables, start and end as they should be
    (labelled / "photos" / "a.jpg").write_bytes(data)

    def n_unreadable(verify: str) -> int:
        settings = TableSettings(verify=verify, bad_images="set_aside")
        dataset = read_table(labelled / "labels.csv", images=labelled / "photos", settings=settings)
        return len(found(dataset).get("unreadable image", ()))

    assert n_unreadable("decode") == 1
    assert n_unreadable("none") == 0
    with pytest.raises(ValueError, match="`verify` must be one of header, decode, none, got 'x'"):
        n_unreadable("x")


def test_a_named_pipe_is_a_problem_and_not_a_wait(labelled):
    (labelled / "photos" / "a.jpg").unlink()
    os.mkfifo(labelled / "photos" / "a.jpg")

    dataset = read_table(labelled / "labels.csv", images=labelled / "photos", settings=SET_ASIDE)

    assert "not a regular file" in found(dataset)["unreadable image"][0]


def test_nothing_left_is_an_error_that_says_why(labelled):
    write(labelled / "labels.csv", "image,cat", "x.jpg,1", "y.jpg,0")

    with pytest.raises(ValueError, match=r"at least one usable image.*missing file: 2"):
        read_table(labelled / "labels.csv", images=labelled / "photos", settings=SET_ASIDE)


def found(dataset) -> dict[str, tuple[str, ...]]:
    return {problem.kind: problem.examples for problem in dataset.problems}


def write(path: Path, *lines: str) -> None:
    path.write_text("\n".join(lines) + "\n")


def test_many_problems_of_a_kind_are_counted_and_five_are_shown():
    log = ProblemLog()
    for row in range(7):
        log.add("missing file", f"{row}.jpg", row=row)
    log.add("unknown label", "zebra")

    missing, unknown = log.problems()

    assert (missing.count, len(missing.examples), missing.fatal) == (7, 5, True)
    assert (unknown.count, unknown.fatal) == (1, False)
    assert log.bad_rows == set(range(7))
    message = str(DataProblems("set", (missing, unknown)))
    assert "missing file: 7 (0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg, ...)" in message
    assert "unknown label (only reported): 1 (zebra)" in message


def test_an_example_cannot_forge_lines_of_the_report():
    log = ProblemLog()
    log.add("missing file", "a.jpg\nall is well\x1b[2J", row=0)
    log.add("missing file", "x" * 10_000, row=1)

    first, second = log.problems()[0].examples

    assert first == repr("a.jpg\nall is well\x1b[2J")
    assert len(second) < 200


def test_the_error_survives_the_way_out_of_a_worker():
    log = ProblemLog()
    log.add("missing file", "a.jpg", row=0)

    error = pickle.loads(pickle.dumps(DataProblems("set", log.problems())))

    assert error.problems == log.problems()
    assert "missing file: 1 (a.jpg)" in str(error)
