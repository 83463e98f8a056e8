"""Data sets as people have them: read as they were meant, or refused with the way out."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data.cases import CASES, Read, Refused
from udviz.data.dataset import Dataset
from udviz.data.plausibility import TWINS
from udviz.data.problems import DataProblems
from udviz.data.source import load_dataset
from udviz.recipe.data import DataConfig

PICTURES = "image_kinds"  # a folder of pictures without labels, which tests of decoding read


@pytest.fixture
def cases() -> Path:
    """The folder of the cases; a test that asks for it is skipped where there is none."""
    root = os.environ.get("UDVIZ_CASES")
    if not root:
        pytest.skip("UDVIZ_CASES is not set: the folder with the real-life cases")
    return Path(root)


def check(root: Path, expected: Read | Refused) -> None:
    images = {} if (root / "images").is_dir() else {"images": "."}
    settings = images | {"kind": expected.kind, "root": str(root), **expected.settings}
    config = DataConfig(**settings)
    if isinstance(expected, Refused):
        with pytest.raises((ValueError, FileNotFoundError)) as caught:
            load_dataset(config)
        assert all(words in str(caught.value) for words in expected.words), caught.value
    else:
        check_read(load_dataset(config), expected)


def check_read(dataset: Dataset, expected: Read) -> None:
    def counts(value: int) -> dict[str, int]:
        numbers = (dataset.targets == value).sum(axis=0).tolist()
        return dict(zip(dataset.label_names, numbers, strict=True))

    assert len(dataset.image_ids) == expected.n
    assert counts(1) == expected.present
    assert counts(-1) == dict.fromkeys(expected.present, 0) | expected.unknown
    splits = tuple(len(dataset.indices(split)) for split in ("train", "val", "test"))
    assert min(splits) > 0
    assert expected.splits in (None, splits)
    assert set(expected.flags) <= {guess.flag for guess in dataset.guesses}


@pytest.mark.parametrize("name", CASES)
def test_a_case_ends_as_it_should(cases, tmp_path, name):
    root = cases / name / "data"
    if name == "absolute_path":
        root = shutil.copytree(root, tmp_path / "data")
        table = root / "labels.csv"
        table.write_text(table.read_text().replace("ROOT", str(root)))
    for expected in CASES[name]:
        check(root, expected)


def test_no_case_is_left_out(cases):
    folders = {path.name for path in cases.iterdir() if path.is_dir()}

    assert folders - {PICTURES} == set(CASES)


NAMES = [f"p{place}.jpg" for place in range(12)]
PRESENT = {"cat": 6, "dog": 4}


def rows(head: str, line: str, *, yes: str = "1", no: str = "0") -> str:
    """A table of twelve photos, of which every second has a cat and every third a dog."""
    values = [(name, place % 2 == 0, place % 3 == 0) for place, name in enumerate(NAMES)]
    cells = [(name, *(yes if value else no for value in both)) for name, *both in values]
    return "\n".join([head, *(line.format(*cell) for cell in cells)]) + "\n"


def lists(separator: str, *, quote: str = "", brackets: str = "") -> str:
    """The same as a column of lists."""
    lines = ["image,tags"]
    for place, name in enumerate(NAMES):
        labels = [n for n, step in (("cat", 2), ("dog", 3)) if place % step == 0]
        labels += ["owl"] if place in (5, 6) else []
        cell = separator.join(f"{quote}{label}{quote}" for label in labels)
        lines.append(f'{name},"{brackets[:1]}{cell}{brackets[1:]}"')
    return "\n".join(lines) + "\n"


def long() -> str:
    lines = [f"{name},cat" for name in NAMES[::2]] + [f"{name},dog" for name in NAMES[::3]]
    return "\n".join(["image,label", *lines]) + "\n"


BLANK = {"blank_means": "absent"}
SMALL: dict[str, tuple[str, dict[str, object]]] = {
    "plain": (rows("image,cat,dog", "{},{},{}"), {}),
    "semicolons": (rows("image;cat;dog", "{};{};{}"), {}),
    "tabs": (rows("image\tcat\tdog", "{}\t{}\t{}"), {}),
    "decimal commas": (rows("image;cat;dog", "{};{};{}", yes="1,0", no="0,0"), {}),
    "spaces": (rows("image , cat, dog ", " {} , {} , {} "), {}),
    "yes and no": (rows("image,cat,dog", "{},{},{}", yes="Yes", no="NO"), {}),
    "crosses": (rows("image,cat,dog", "{},{},{}", yes="X", no=""), BLANK),
    "plus and minus": (rows("image,cat,dog", "{},{},{}", yes="+", no="-"), {}),
    "minus one": (
        rows("image,cat,dog", "{},{},{}", no="-1"),
        {"minus_one_means": "absent"},
    ),
    "image last": (rows("cat,dog,Photo", "{1},{2},{0}"), {}),
    "other column": (
        rows("image,camera,cat,dog", "{},nikon,{},{}"),
        {"ignore_columns": ("camera",)},
    ),
    "windows paths": (rows("image,cat,dog", "C:\\me\\images\\{},{},{}"), {}),
    "upper case": (rows("image,cat,dog", "{},{},{}").replace(".jpg", ".JPG"), {}),
    "no suffix": (rows("image,cat,dog", "{},{},{}").replace(".jpg", ""), {}),
    "web addresses": (rows("image,cat,dog", "https://host/bucket/{}?s=1,{},{}"), {}),
    "ticks": (rows("image,cat,dog", "{},{},{}", yes="\u2713", no="\u2717"), {}),
    "words": (rows("image,cat,dog", "{},{},{}", yes="pos", no="Neg"), {}),
    "empty lines and columns": (
        "\n\n" + rows("image,cat,dog,,", "{},{},{},,") + ",,,,\n,,,,\n\n",
        {},
    ),
    "sep=": ("sep=;\n" + rows("image;cat;dog", "{};{};{}"), {}),
    "escaped names": (rows("image,cat,dog", "{},{},{}").replace("\np", "\n%70"), {}),
    "no header": (
        rows("p0.jpg,1,1", "{},{},{}").replace("p0.jpg,1,1\n", "", 1),
        {"header": "none"},
    ),
}
LISTED = {
    "bars": lists("|"),
    "commas": lists(", "),
    "spaces": lists(" "),
    "python": lists(", ", quote="'", brackets="[]"),
    "numpy": lists(" ", quote="'", brackets="[]"),
    "tuples": lists(", ", quote="'", brackets="()").replace("')", "',)"),
    "bare": lists(", ", brackets="[]"),
    "bars in spaces": lists(" | "),
    "a separator at the end": lists(";").replace("cat", "cat;").replace("dog", "dog;"),
    "quotes without brackets": lists(", ", quote="'"),
    "sets": lists(", ", quote="'", brackets="{}"),
    "braces": lists(",", brackets="{}"),
    "slashes": lists("/"),
    "plus signs": lists(" + "),
    "and": lists(" and "),
    "lines": lists("\n"),
    "objects": lists(", ", brackets="[]")
    .replace("cat", '{""label"": ""cat""}')
    .replace("dog", '{""name"": ""dog""}')
    .replace("owl", '{""class"": ""owl""}'),
}


@pytest.fixture
def photos(tmp_path, save_photo) -> Path:
    for seed, name in enumerate(NAMES):
        save_photo(tmp_path / "images" / name, seed=seed)
    return tmp_path


def load(root: Path, text: str | bytes, **settings: object) -> Dataset:
    (root / "labels.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_dataset(DataConfig(kind="table", root=str(root), **settings))


def present(dataset: Dataset) -> dict[str, int]:
    counts = (dataset.targets == 1).sum(axis=0).tolist()
    return dict(zip(dataset.label_names, counts, strict=True))


@pytest.mark.parametrize("kind", SMALL)
def test_a_table_of_columns_is_read_as_it_was_meant(photos, kind):
    text, settings = SMALL[kind]

    dataset = load(photos, text, **settings)

    assert len(dataset.image_ids) == 12
    counts = list(present(dataset).values())
    assert counts == [6, 4]
    assert (dataset.targets >= 0).all()


@pytest.mark.parametrize("kind", LISTED)
def test_a_column_of_lists_is_read_as_it_was_meant(photos, kind):
    dataset = load(photos, LISTED[kind], blank_means="absent")

    assert present(dataset) == {"cat": 6, "dog": 4, "owl": 2}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_in_the_encoding_of_its_program(photos, encoding):
    text = SMALL["plain"][0].replace("cat", "Käse")

    assert present(load(photos, text.encode(encoding))) == {"Käse": 6, "dog": 4}


def test_a_row_per_label_is_united(photos):
    dataset = load(photos, long())

    assert len(dataset.image_ids) == 8
    assert present(dataset) == PRESENT


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        (rows("image,cat,dog", "{},{},{}", no="-1"), "--data.minus_one_means absent"),
        (rows("image,cat,dog", "{},{},{}", yes="x", no=""), "--data.blank_means absent"),
        (rows("image,fold,cat,dog", "{},3,{},{}"), "--data.ignore_columns 'fold'"),
        (rows("image,camera,cat,dog", "{},nikon,{},{}"), "--data.ignore_columns 'camera'"),
        (rows("image,cvFold,cat,dog", "{},1,{},{}"), "--data.ignore_columns 'cvFold'"),
        (rows("image,data_split,cat,dog", "{},1,{},{}"), "--data.split_column"),
        (rows("image,holdout,cat,dog", "{},0,{},{}"), "--data.split_column"),
        (rows("image,cat,dog", "{},{},{}", yes="3"), "--data.ignore_columns 'cat,dog'"),
        (rows("image,cat,dog", "{},{},{}", yes="0.7", no="0.2"), "--data.ignore_columns"),
        (rows("image cat dog", "{} {} {}"), "several columns, got one: image cat dog"),
        (rows("p.jpg,0,0", "{},{},{}"), "--data.header none"),
        (rows("image,cat,Cat", "{},{},{}"), "Spell each label in one way"),
        (lists("|").replace("cat", "cat:0.9").replace("dog", "dog:0.8"), "labels with scores"),
        (lists(",").replace('"', ""), "into quotes"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_flag(photos, text, flag):
    with pytest.raises(ValueError, match=flag.replace(".", r"\.")):
        load(photos, text)


def test_labels_that_look_like_several_are_said_with_the_flag(photos):
    labels = ["red car", "red bus", "blue car", "blue bus", *"abcd", *"abcd"]
    text = "\n".join(f"{name},{label}" for name, label in zip(NAMES, labels, strict=True))

    dataset = load(photos, f"image,tags\n{text}\n", blank_means="absent")

    assert len(dataset.label_names) == 8
    assert any(g.flag == "--data.separator" and "'blue bus'" in g.what for g in dataset.guesses)


@pytest.mark.parametrize(
    ("column", "cells", "splits"),
    [
        ("Split", ["train", "test"], {"train", "val", "test"}),
        ("is_valid", ["False", "True"], {"train", "val", "test"}),
        ("subset", ["trainval", "test"], {"train", "val", "test"}),
        ("split", ["TRAIN_SET", "test set"], {"train", "val", "test"}),
        ("phase", ["trn", "tst"], {"train", "val", "test"}),
        ("is_holdout", ["no", "yes"], {"train", "val", "test"}),
    ],
)
def test_a_column_of_splits_with_another_name_is_kept(photos, column, cells, splits):
    lines = SMALL["plain"][0].splitlines()
    given = [column, *(cells[place >= 8] for place in range(12))]
    text = "\n".join(f"{line},{cell}" for line, cell in zip(lines, given, strict=True))

    dataset = load(photos, text)

    assert set(dataset.splits) == splits
    assert (dataset.splits[8:] == "test").all()
    assert dataset.label_names == ("cat", "dog")


def test_a_flag_that_may_be_a_label_is_a_split_when_asked(photos):
    text = "\n".join(
        f"{line},{place in range(1, 9) if place else 'train'}"
        for place, line in enumerate(SMALL["plain"][0].splitlines())
    )

    assert load(photos, text).label_names == ("cat", "dog", "train")
    asked = load(photos, text, split_column="train")
    assert asked.label_names == ("cat", "dog")
    assert (asked.splits[8:] == "test").all()


LABELS_OF = {
    name: [label for label, step in (("cat", 2), ("dog", 3)) if place % step == 0]
    for place, name in enumerate(NAMES)
}
COLUMNS = {"image": NAMES, "labels": list(LABELS_OF.values())}


@pytest.mark.parametrize(
    "content",
    [
        LABELS_OF,
        {n: {"cat": int("cat" in v), "dog": int("dog" in v)} for n, v in LABELS_OF.items()},
        COLUMNS,
        {column: dict(enumerate(cells)) for column, cells in COLUMNS.items()},
        {"version": 1, "data": [{"image": n, "labels": v} for n, v in LABELS_OF.items()]},
        [{"image": n, "labels": [{"name": label} for label in v]} for n, v in LABELS_OF.items()],
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_read_by_image_by_column_and_by_row(photos, content, indent):
    (photos / "labels.json").write_text(json.dumps(content, indent=indent))

    dataset = load_dataset(DataConfig(kind="table", root=str(photos), labels="labels.json"))

    assert present(dataset) == PRESENT
    assert (dataset.targets >= 0).all()


def coco_of(**changed: object) -> dict[str, Any]:
    return {
        "images": [{"id": place, "file_name": name} for place, name in enumerate(NAMES)],
        "categories": [{"id": "a", "name": "cat"}, {"id": "b", "name": "dog"}],
        "annotations": [
            {"image_id": place, "category_id": {"cat": "a", "dog": "b"}[label]}
            for place, labels in enumerate(LABELS_OF.values())
            for label in labels
        ],
    } | changed


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"images": [{"id": k // 2, "file_name": n} for k, n in enumerate(NAMES)]},
            "0 is p0.jpg and p1.jpg",
        ),
        ({"categories": [{"id": 1, "name": "cat"}]}, "10 of 10 annotations.*category_id 'a'"),
        ({"categories": [{"id": "a", "name": None}]}, "must be a text"),
        ({"annotations": [{"image_id": 99, "category_id": "a"}]}, "image_id '99'; an id there"),
        ({"annotations": [{"image_id": 1, "caption": "a cat"}]}, "must have `category_id`"),
    ],
)
def test_coco_files_that_do_not_hold_together_are_refused(photos, changed, told):
    config = DataConfig(kind="coco", root=str(photos))
    (photos / "result.json").write_text(json.dumps(coco_of()))
    assert present(load_dataset(config)) == PRESENT

    (photos / "result.json").write_text(json.dumps(coco_of(**changed)))

    with pytest.raises(ValueError, match=told):
        load_dataset(config)


XML = "<annotation><object><name>{}</name></object></annotation>"


@pytest.mark.parametrize("line", ["{}", "{}.jpg", "JPEGImages/{}.jpg", "/home/me/{}.jpg", "{}\r"])
@pytest.mark.parametrize("below", ["", "VOCdevkit/VOC2012/"])
def test_lists_of_voc_name_images_with_spaces_folders_and_comments(
    tmp_path, save_photo, line, below
):
    root, names = tmp_path / below, [f"my photo {place}" for place in range(12)]
    (root / "Annotations").mkdir(parents=True)
    (root / "ImageSets" / "Main").mkdir(parents=True)
    for place, name in enumerate(names):
        save_photo(root / "JPEGImages" / f"{name}.jpg", seed=place)
        label = "cat" if place % 2 else "dog"
        (root / "Annotations" / f"{name}.xml").write_text(XML.format(label))
    for split, of_split in (("trainval", names[:8]), ("test", names[8:])):
        lines = ["# made by me", *map(line.format, of_split), ""]
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(lines))

    dataset = load_dataset(DataConfig(kind="voc", root=str(tmp_path)))

    assert present(dataset) == {"cat": 6, "dog": 6}
    assert set(dataset.splits[-4:]) == {"test"}


def test_sentences_are_not_taken_for_labels(photos):
    lines = [f"{name},a cat sits on mat {place}" for place, name in enumerate(NAMES)]

    with pytest.raises(ValueError, match="names or sentences"):
        load(photos, "\n".join(["image,text", *lines]))


def test_labels_that_are_equal_or_alone_in_a_split_are_reported(photos):
    dataset = load(photos, rows("image,cat,dog,hound", "{0},{1},{2},{2}"))

    kinds = {problem.kind: problem.examples for problem in dataset.problems}
    assert kinds[TWINS] == ("dog and hound",)


@pytest.mark.parametrize("name", ["{:.0f}", "{}.jpg", "{:.1f}", "{:06d}"])
def test_numbers_find_files_whatever_a_spreadsheet_made_of_them(tmp_path, save_photo, name):
    for place in range(12):
        save_photo(tmp_path / "images" / f"{place:06d}.jpg", seed=place)
    names = [name.format(place) for place in range(12)]
    lines = [f"{name},{int(place % 2 == 0)}" for place, name in enumerate(names)]

    dataset = load(tmp_path, "\n".join(["image_id,cat", *lines]))

    assert [path.name for path in dataset.paths] == [f"{place:06d}.jpg" for place in range(12)]


def test_names_with_accents_are_found_however_they_are_composed(tmp_path, save_photo):
    for place in range(12):
        save_photo(tmp_path / "images" / f"e\u0301{place}.jpg", seed=place)
    lines = [f"\u00e9{place}.jpg,{int(place % 2 == 0)}" for place in range(12)]

    assert len(load(tmp_path, "\n".join(["image,cat", *lines])).image_ids) == 12


def test_broken_bytes_in_the_middle_are_found_before_a_study_trains(photos):
    broken = photos / "images" / "p5.png"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(broken)
    content = bytearray(broken.read_bytes())
    content[6000:6100] = bytes(100)
    broken.write_bytes(content)
    (photos / "images" / "p5.jpg").unlink()
    memory = photos / "memory"

    def study(**settings: object) -> Dataset:
        config = DataConfig(kind="table", root=str(photos), **settings)
        return load_dataset(config, memory=memory)

    load(photos, SMALL["plain"][0])
    with pytest.raises(DataProblems, match=r"unreadable image: 1 \(.*p5\.png"):
        study()
    for _ in range(2):  # also where the memory knows the files
        dataset = study(bad_images="set_aside")
        assert "p5.jpg" not in dataset.image_ids
        assert len(dataset.image_ids) == 11
