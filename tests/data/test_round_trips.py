"""Whatever way a table is written, it is read as it was meant, or refused; never as something else.

The truth is drawn, written as spreadsheets, programs and labelling tools write it, and read back.
"""

import csv
import io
import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from udviz.data.source import load_dataset
from udviz.recipe.data import DataConfig

FILES = [
    *("a 1.jpg", "b_2.png", "sub/c.jpg", "0004.jpg", "Été 5.jpg", "x-y(6).JPG"),
    *("sub/d,7.jpg", "e.8.jpeg", "猫.png", "10.jpg", "K.bmp", "l'12.jpg"),
]
SPLIT_OF = np.repeat(["train", "val", "test"], 4)
LABELS = [
    *("cat", "dog", "T-shirt", "bow tie", "fire & smoke", "R&B", "black/white", "café", "猫"),
    *("a.b", "no entry", "x-ray", "traffic light (red)", "rock'n'roll", "C#", "50% off", "100 m"),
    *("New York, NY", "salt and pepper", "tie", "entry", "red", "pepper", "1st", "id card", "[x]"),
]
ODD = {"id card", "[x]"}  # an id column? a list?
WORDS = [
    *(("1", "0"), ("1.0", "0.0"), ("yes", "no"), ("Y", "N"), ("true", "false"), ("TRUE", "FALSE")),
    *(("T", "F"), ("x", "0"), ("+", "-"), ("1,0", "0,0"), ("present", "absent"), (" 1", "0 ")),
    *(("1", "-1"), ("on", "off"), ("✓", "✗"), ("pos", "neg")),
]
NAMES = {
    "as it is": lambda name: name,
    "backslashes": lambda name: name.replace("/", "\\"),
    "dot": lambda name: f"./{name}",
    "a folder before": lambda name: f"images/{name}",
    "a URL": lambda name: f"https://example.org/images/{name.replace(' ', '%20')}",
    "upper case": str.upper,
    "without its suffix": lambda name: name.rsplit(".", 1)[0],
}
SPLITS = {
    "ours": {"train": "train", "val": "val", "test": "test"},
    "long": {"train": "Training", "val": "validation", "test": "testing"},
    "sets": {"train": "train_set", "val": "VALID", "test": "Test"},
}
LISTS = {"bars": "|", "semicolons": "; ", "commas": ", ", "JSON": json.dumps, "Python": repr}


@dataclass(frozen=True)
class Written:
    """A table as somebody may write it.

    Attributes:
        labels: Names of the labels.
        targets: (12, L): what it means.
        suffix: Of its file.
        content: Of its file.
        plain: Whether nothing in it could be taken for something else.
    """

    labels: list[str]
    targets: np.ndarray
    suffix: str
    content: bytes
    plain: bool


@st.composite
def tables(draw: st.DrawFn) -> Written:
    """In every split each label has an image that carries it and one that does not."""
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=2, max_size=6, unique=True))
    mixed = st.integers(1, 14).map(lambda bits: [bits >> place & 1 for place in range(4)])
    targets = np.array([draw(st.tuples(mixed, mixed, mixed)) for _ in labels])  # (L, 3, 4)
    targets = targets.reshape(len(labels), -1).T
    kind = draw(st.sampled_from(["columns", "lists", "rows"]))
    name = draw(st.sampled_from(list(NAMES.values())))
    words = draw(st.sampled_from(list(SPLITS.values())))
    splits = [words[split] for split in SPLIT_OF]
    names = [name(file) for file in FILES]
    header = draw(st.sampled_from(["image", "filename", "Image Name", "path", "photo"]))
    yes, no = draw(st.sampled_from(WORDS))
    if kind == "columns":
        rows = [[header, *labels, "split"]]
        for place, row in enumerate(targets):
            rows.append([names[place], *(yes if t else no for t in row), splits[place]])
    elif kind == "lists":
        joined = draw(st.sampled_from(list(LISTS.values())))
        rows = [[header, "labels", "split"]]
        for place, row in enumerate(targets):
            carried = [label for label, t in zip(labels, row, strict=True) if t]
            cell = joined.join(carried) if isinstance(joined, str) else joined(carried)
            rows.append([names[place], cell or "[]", splits[place]])
    else:
        assume((targets.sum(axis=1) > 1).any())  # else a row per image, where a blank is unknown
        rows = [[header, "label", "split"]]
        for place, row in enumerate(targets):
            carried = [label for label, t in zip(labels, row, strict=True) if t]
            rows += [[names[place], label, splits[place]] for label in carried or [""]]
    text = io.StringIO()
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    csv.writer(
        text, delimiter=delimiter, lineterminator=draw(st.sampled_from(["\n", "\r\n"]))
    ).writerows(rows)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    suffix = draw(st.sampled_from([".csv", ".txt", ".CSV"]))
    plain = kind == "columns" and not ODD & set(labels) and yes + no != "1-1"
    return Written(labels, targets, suffix, text.getvalue().encode(encoding), plain)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    for number, name in enumerate(FILES):
        file = folder / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"image %d" % number)
    return folder


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(written=tables())
def test_a_table_is_read_as_it_was_meant_or_refused(folder, written):
    table = folder / f"labels{written.suffix}"
    table.write_bytes(written.content)
    config = DataConfig(kind="table", root=str(folder), labels=table.name, verify="none")

    try:
        dataset = load_dataset(config)
    except ValueError:
        if written.plain:
            raise
        return
    where = {str(path.relative_to(folder / "images")): i for i, path in enumerate(dataset.paths)}
    rows = [where[file] for file in FILES]
    assert sorted(dataset.label_names) == sorted(written.labels)
    columns = [dataset.label_names.index(label) for label in written.labels]
    np.testing.assert_array_equal(dataset.targets[np.ix_(rows, columns)], written.targets)
    assert dataset.splits[rows].tolist() == SPLIT_OF.tolist()
