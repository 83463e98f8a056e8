import json

import numpy as np
import pytest

from udviz.data.problems import DataProblems
from udviz.data.readers.coco import CocoFiles, read_coco

CATEGORIES = [{"id": 90, "name": "dog"}, {"id": 1, "name": "person"}, {"id": 17, "name": "cat"}]


def image(place: int, name: str) -> dict:
    return {"id": place, "file_name": name, "width": 20, "height": 10}


def mark(place: int, category: int, bbox=(2, 1, 10, 5), crowd: int = 0) -> dict:
    outline = [[0.0, 0.0, 1.0, 1.0]]
    return {
        "image_id": place,
        "category_id": category,
        "bbox": list(bbox),
        "iscrowd": crowd,
        "segmentation": outline,
    }


@pytest.fixture
def coco(tmp_path, save_photo):
    """Two training photos and one test photo."""
    train = {
        "images": [image(11, "a.jpg"), image(12, "b.jpg")],
        "annotations": [
            mark(11, 1),
            mark(11, 90, bbox=(15, 5, 10, 10)),
            mark(12, 17, crowd=1),
            mark(12, 1, crowd=1),
            mark(12, 1),
        ],
        "categories": CATEGORIES,
    }
    test = {"images": [image(5, "c.jpg")], "annotations": [mark(5, 17)], "categories": CATEGORIES}
    save(tmp_path, train, test)
    for seed, name in enumerate(("train2017/a.jpg", "train2017/b.jpg", "val2017/c.jpg")):
        save_photo(tmp_path / name, seed=seed)
    return tmp_path


def save(root, train, test=None):
    (root / "annotations").mkdir(exist_ok=True)
    (root / "annotations" / "instances_train2017.json").write_text(json.dumps(train))
    if test is not None:
        (root / "annotations" / "instances_val2017.json").write_text(json.dumps(test))


def load(root):
    return json.loads((root / "annotations" / "instances_train2017.json").read_text())


def test_instances_give_targets_flags_and_boxes(coco):
    dataset = read_coco(coco, val_fraction=0.0)

    assert dataset.label_names == ("person", "cat", "dog")  # by id, which has gaps
    assert dataset.image_ids == ("a.jpg", "b.jpg", "c.jpg")
    assert dataset.splits.tolist() == ["val", "train", "test"]  # val is drawn
    np.testing.assert_array_equal(dataset.targets, [[1, 0, 1], [1, -1, 0], [0, 1, 0]])
    np.testing.assert_array_equal(np.argwhere(dataset.difficult), [[1, 1]])  # only a crowd of cats
    np.testing.assert_array_equal(dataset.boxes.image, [0, 0, 1, 1, 1, 2])
    np.testing.assert_array_equal(dataset.boxes.label, [0, 2, 1, 0, 0, 1])
    np.testing.assert_allclose(dataset.boxes.corners[0], [0.1, 0.1, 0.6, 0.6])
    np.testing.assert_allclose(dataset.boxes.corners[1], [0.75, 0.5, 1, 1])  # cut to the image
    assert dataset.boxes.difficult.tolist() == [False, False, True, True, False, False]
    assert np.isnan(dataset.boxes.visible).all()
    assert dataset.load_mask is None
    assert [problem.examples for problem in dataset.problems] == [("cat", "dog")]  # none in train


def test_a_share_of_train_is_drawn_as_val_from_the_names(coco, save_photo):
    content = load(coco)
    names = [f"n{index}.jpg" for index in range(40)]
    content["images"] += [image(100 + index, name) for index, name in enumerate(names)]
    save(coco, content)
    for seed, name in enumerate(names):
        save_photo(coco / "train2017" / name, seed=50 + seed)

    dataset = read_coco(coco, val_fraction=0.5)

    assert 10 <= len(dataset.indices("val")) <= 32
    assert len(dataset.indices("train")) + len(dataset.indices("val")) == 42
    assert dataset.indices("test").tolist() == [42]


def test_marks_that_fit_nothing_are_reported(coco):
    content = load(coco)
    content["annotations"] += [mark(99, 1), mark(11, 5), mark(12, 90, bbox=(30, 1, 5, 5))]
    save(coco, content)

    dataset = read_coco(coco, val_fraction=0.0)

    kinds = {problem.kind: problem.examples for problem in dataset.problems}
    assert kinds["annotation of an unknown image"] == ("image_id 99",)
    assert kinds["unknown label"] == ("a.jpg: category 5",)
    assert kinds["unusable box"] == ("b.jpg: dog",)
    assert dataset.targets[1, 2] == 1  # the label holds, only its box does not
    assert not any(problem.fatal for problem in dataset.problems)


def test_bad_files_of_both_parts_are_found_in_one_read(coco):
    content = load(coco)
    content["images"] += [image(13, "../val2017/c.jpg"), image(14, "a.jpg")]
    save(coco, content)
    (coco / "val2017" / "c.jpg").write_bytes(b"\xff\xd8\xff")

    with pytest.raises(DataProblems) as caught:
        read_coco(coco)

    kinds = {p.kind: p.examples for p in caught.value.problems}
    assert kinds["image outside the images folder"] == ("../val2017/c.jpg",)
    assert kinds["unreadable image"][0].startswith(f"{coco}/val2017/c.jpg: ")
    assert kinds["contradicting rows"] == ("a.jpg (row 1)", "a.jpg (row 4)")


def test_a_test_image_that_cannot_be_used_is_set_aside_and_no_other(coco):
    path = coco / "annotations" / "instances_val2017.json"
    content = json.loads(path.read_text())
    content["images"].insert(0, image(4, "../train2017/a.jpg"))
    path.write_text(json.dumps(content))

    dataset = read_coco(coco, val_fraction=0.0, bad_images="set_aside")

    assert dataset.image_ids == ("a.jpg", "b.jpg", "c.jpg")
    np.testing.assert_array_equal(dataset.targets[2], [0, 1, 0])
    np.testing.assert_array_equal(dataset.boxes.image, [0, 0, 1, 1, 1, 2])


def test_a_test_image_that_is_a_training_image_is_a_leak(coco):
    data = (coco / "train2017" / "a.jpg").read_bytes()
    (coco / "val2017" / "c.jpg").write_bytes(data)

    with pytest.raises(DataProblems, match=r"same file in two splits: 1 \(a\.jpg in val, c\.jpg"):
        read_coco(coco, val_fraction=0.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must hold a JSON object, got list"),
        ("{}", "must have a list `images`"),
        (
            '{"images": [{"id": 1}], "annotations": [], "categories": [{"id": 1, "name": "a"}]}',
            r"`images\[0\]` must have `file_name`",
        ),
        (
            '{"images": [{"id": [], "file_name": "a", "width": 1, "height": 1}]}',
            r"`images\[0\]\.id` must be a number or a text",
        ),
    ],
)
def test_what_is_no_instances_file_is_refused_by_name(coco, content, message):
    (coco / "annotations" / "instances_train2017.json").write_text(content)

    with pytest.raises(ValueError, match=rf"instances_train2017\.json.*{message}"):
        read_coco(coco)


def test_missing_parts_are_refused_by_name(coco):
    with pytest.raises(FileNotFoundError, match=r"no COCO instances file at .*nothing\.json"):
        read_coco(coco, files=CocoFiles(train_annotations="nothing.json"))
    with pytest.raises(FileNotFoundError, match=r"images must be in a folder, got .*nowhere"):
        read_coco(coco, files=CocoFiles(test_images="nowhere"))
    with pytest.raises(ValueError, match=r"--data\.val_fraction: must lie in \[0, 1\)"):
        read_coco(coco, val_fraction=1.0)


@pytest.mark.real_data
def test_the_first_images_of_coco_are_read_whole(real_data):
    root = real_data / "coco-mini"

    dataset = read_coco(root)

    content = json.loads((root / "annotations" / "instances_train2017.json").read_text())
    named = {(mark["image_id"], mark["category_id"]) for mark in content["annotations"]}
    in_train = dataset.splits != "test"
    assert len(dataset.label_names) == 80
    assert int(in_train.sum()) == len(content["images"])
    assert ((dataset.targets != 0)[in_train]).sum() == len(named)
    assert len(dataset.indices("val")) > 0
    assert dataset.boxes.corners.min() >= 0
    assert dataset.boxes.corners.max() <= 1


def test_a_label_belongs_to_its_supercategory(coco):
    named = load(coco)
    of_name = {"dog": "animal", "cat": "animal", "person": "person"}
    named["categories"] = [c | {"supercategory": of_name[c["name"]]} for c in CATEGORIES]
    plain = read_coco(coco).supercategories
    save(coco, named)

    dataset = read_coco(coco)

    assert plain is None
    assert dict(zip(dataset.label_names, dataset.supercategories, strict=True)) == {
        "person": "",  # its own name says nothing
        "cat": "animal",
        "dog": "animal",
    }
