import numpy as np
import pytest

from udviz.data.problems import DataProblems
from udviz.data.readers.voc import read_voc


def annotation(*objects: str, size: str = "<width>20</width><height>10</height>") -> str:
    return f"<annotation><size>{size}</size>{''.join(objects)}</annotation>"


def item(name: str, box: tuple[float, ...] = (1, 1, 20, 10), difficult: int = 0) -> str:
    sides = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    corners = "".join(f"<{side}>{value}</{side}>" for side, value in sides)
    part = "<part><name>head</name></part>"
    return (
        f"<object><name>{name}</name><difficult>{difficult}</difficult>"
        f"<bndbox>{corners}</bndbox>{part}</object>"
    )


@pytest.fixture
def devkit(tmp_path, save_photo):
    """VOC2007 with four photos, 1 and 2 for training, 3 for validation, 4 for test."""
    folder = tmp_path / "VOC2007"
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    (folder / "Annotations").mkdir()
    for split, names in (("train", "1\n2\n"), ("val", "3\n"), ("test", "4\n")):
        (folder / "ImageSets" / "Main" / f"{split}.txt").write_text(names)
    contents = (
        annotation(item("cat", (3, 3, 10, 6)), item("dog", difficult=1)),
        annotation(item("dog"), item("dog", difficult=1)),
        annotation(item("cat", (5.5, 2, 10, 10), difficult=1)),
        annotation(),
    )
    for place, content in enumerate(contents, start=1):
        (folder / "Annotations" / f"{place}.xml").write_text(content)
        save_photo(folder / "JPEGImages" / f"{place}.jpg", seed=place)
    for name, lines in (
        ("cat_train", "1  1\n2 -1\n"),
        ("cat_val", "3  0\n"),
        ("cat_test", "4 -1\n"),
        ("dog_train", "1  0\n2  1\n"),
        ("dog_val", "3 -1\n"),
        ("dog_test", "4 -1\n"),
        ("dog_trainval", "1  1\n2  1\n3  1\n"),  # not a split; must not be looked at
    ):
        (folder / "ImageSets" / "Main" / f"{name}.txt").write_text(lines)
    return tmp_path


TARGETS = [[1, -1], [0, 1], [-1, 0], [0, 0]]
DIFFICULT = [[False, True], [False, False], [True, False], [False, False]]


def test_annotations_give_targets_difficult_flags_and_boxes(devkit):
    dataset = read_voc(devkit, year="2007")

    assert dataset.name == "VOC2007"
    assert dataset.label_names == ("cat", "dog")
    assert dataset.image_ids == ("1", "2", "3", "4")
    assert dataset.splits.tolist() == ["train", "train", "val", "test"]
    np.testing.assert_array_equal(dataset.targets, TARGETS)
    np.testing.assert_array_equal(dataset.difficult, DIFFICULT)
    boxes = dataset.boxes
    np.testing.assert_array_equal(boxes.image, [0, 0, 1, 1, 2])
    np.testing.assert_array_equal(boxes.label, [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(boxes.difficult, [False, True, False, True, True])
    np.testing.assert_allclose(boxes.corners[0], [2 / 20, 2 / 10, 10 / 20, 6 / 10])
    np.testing.assert_allclose(boxes.corners[1], [0, 0, 1, 1])
    assert dataset.problems == ()


def test_label_lists_say_the_same_as_annotations(devkit):
    for path in (devkit / "VOC2007" / "Annotations").iterdir():
        path.unlink()
    (devkit / "VOC2007" / "Annotations").rmdir()

    dataset = read_voc(devkit / "VOC2007")

    assert dataset.label_names == ("cat", "dog")
    np.testing.assert_array_equal(dataset.targets, TARGETS)
    np.testing.assert_array_equal(dataset.difficult, DIFFICULT)
    assert dataset.boxes is None


def test_an_image_that_a_label_list_omits_is_unknown_and_not_difficult(devkit):
    (devkit / "VOC2007" / "Annotations").rename(devkit / "gone")
    (devkit / "VOC2007" / "ImageSets" / "Main" / "dog_val.txt").unlink()

    dataset = read_voc(devkit, year="2007")

    assert dataset.targets[2].tolist() == [-1, -1]
    assert dataset.difficult[2].tolist() == [True, False]


def test_without_a_test_list_val_is_the_test_set_and_val_is_drawn_from_train(devkit, save_photo):
    main = devkit / "VOC2007" / "ImageSets" / "Main"
    (main / "test.txt").unlink()
    names = [f"n{index}" for index in range(60)]
    (main / "train.txt").write_text("\n".join(names))
    for seed, name in enumerate(names):
        save_photo(devkit / "VOC2007" / "JPEGImages" / f"{name}.jpg", seed=100 + seed)
        (devkit / "VOC2007" / "Annotations" / f"{name}.xml").write_text(annotation(item("cat")))

    dataset = read_voc(devkit, year="2007")

    assert [dataset.image_ids[index] for index in dataset.indices("test")] == ["3"]
    assert 1 <= len(dataset.indices("val")) <= 15
    assert len(dataset.indices("train")) + len(dataset.indices("val")) == 60


def test_train_and_val_can_be_pooled_and_val_drawn_anew(devkit):
    dataset = read_voc(devkit, year="2007", val_fraction=0.3)

    assert sorted(dataset.splits[:3]) == ["train", "train", "val"]
    assert dataset.splits[3] == "test"


def test_an_image_in_two_lists_is_a_leak_and_stays_in_the_test_set(devkit):
    (devkit / "VOC2007" / "ImageSets" / "Main" / "test.txt").write_text("4\n2\n")

    dataset = read_voc(devkit, year="2007", bad_images="set_aside")

    assert dataset.image_ids == ("1", "3", "4", "2")
    np.testing.assert_array_equal(dataset.targets, np.array(TARGETS)[[0, 2, 3, 1]])
    np.testing.assert_array_equal(dataset.boxes.image, [0, 0, 1, 3, 3])
    assert ("image in two splits", ("2 (in train and test)",)) in [
        (problem.kind, problem.examples) for problem in dataset.problems
    ]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    "<annotation><object><name>&b;</name></object></annotation>"
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BOMB.encode(), "document type"),
        (BOMB.encode("utf-16"), "document type"),
        (b"<annotation><object>", "no element found|mismatched|unclosed"),
        (annotation("<object><name> </name></object>").encode(), "an object has no name"),
        (annotation(item("cat", ("x", 1, 2, 2))).encode(), "could not convert"),
    ],
)
def test_an_annotation_that_cannot_be_trusted_makes_its_image_bad(devkit, content, reason):
    (devkit / "VOC2007" / "Annotations" / "1.xml").write_bytes(content)

    with pytest.raises(DataProblems, match=rf"unreadable annotation: 1 \(1\.xml: .*({reason})"):
        read_voc(devkit, year="2007")


def test_a_missing_annotation_an_unusable_box_and_a_name_that_climbs_are_reported(devkit):
    folder = devkit / "VOC2007"
    (folder / "Annotations" / "4.xml").unlink()
    (folder / "Annotations" / "2.xml").write_text(annotation(item("dog", (15, 1, 5, 10))))
    (folder / "ImageSets" / "Main" / "train.txt").write_text("1\n2\n../../../etc/passwd\n")

    dataset = read_voc(devkit, year="2007", bad_images="set_aside")

    assert {problem.kind: problem.examples for problem in dataset.problems} == {
        "missing annotation": ("4",),
        "image outside the images folder": ("../../../etc/passwd.jpg",),
        "unusable box": ("2: dog",),
    }
    assert dataset.targets[1].tolist() == [0, 1]  # the label holds, only its box does not
    assert 1 not in dataset.boxes.image


def test_a_wrong_value_in_a_label_list_makes_its_image_bad(devkit):
    (devkit / "VOC2007" / "Annotations").rename(devkit / "gone")
    (devkit / "VOC2007" / "ImageSets" / "Main" / "dog_val.txt").write_text("3  yes\n")

    with pytest.raises(
        DataProblems, match=r"value other than 1, -1 or 0: 1 \(dog_val\.txt: 3  yes"
    ):
        read_voc(devkit, year="2007")


def test_a_folder_that_is_no_voc_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must list images in ImageSets/Main/train\.txt"):
        read_voc(tmp_path)


def test_the_one_year_in_the_folder_is_used_and_said(devkit):
    dataset = read_voc(devkit)

    assert dataset.name == "VOC2007"
    assert dataset.splits.tolist() == ["train", "train", "val", "test"]
    assert [guess.flag for guess in dataset.guesses] == ["--data.year"]


def test_of_several_years_one_must_be_chosen(devkit):
    (devkit / "VOC2012" / "ImageSets" / "Main").mkdir(parents=True)

    with pytest.raises(ValueError, match=r"holds VOC2007, VOC2012\. Say which: --data\.year"):
        read_voc(devkit)
