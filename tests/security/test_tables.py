"""Label tables: CSV, TSV, JSON lines and Parquet that were made to do harm."""

import base64
import json
import os

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.attacks import FEW, Payload, damaged, mutated, refused, told
from tests.security.datasets import KINDS, frame_of, write_dataset
from udviz.data.images.masks import read_label_values
from udviz.data.problems import ProblemLog
from udviz.data.readers.table import TableSettings, read_table
from udviz.data.source import load_dataset
from udviz.data.tables.frames import read_frame

HUGE = "x" * 200_000
SET_ASIDE = TableSettings(bad_images="set_aside")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("huge header", f"image,{HUGE}\na.jpg,1\n"),
        ("huge header that is listed twice", f"image,{HUGE[:100_000]},{HUGE[:100_000]}\na,1,1\n"),
        ("header of 20,000 cells twice", ",".join(["image", *map(str, range(20_000)), "image"])),
        ("open quote", 'image,cat\n"a.jpg,1\n' + "b.jpg,1\n" * 50_000),
        ("no text", b"\xff\xfe\x00image,cat\n"),
        ("only zero bytes", b"\0" * 10_000),
        ("ragged", "image,cat\na.jpg,1" + ",1" * 10_000),
        ("escapes", "image,\x1b[2J\x1b]0;owned\x07,\x1b[2J\x1b]0;owned\x07\na,1,1\n"),
        ("empty", ""),
    ],
)
def test_a_csv_that_is_none_is_refused_in_one_line(tmp_path, name, content):
    file = tmp_path / "labels.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "images").mkdir()

    refused(lambda: read_table(file, images=tmp_path / "images", settings=SET_ASIDE))


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5_000,
        '{"image": "a.jpg"}\n[1]',
        '{"image": "a.jpg", "cat": 1}\n{"image": ',
        "NaN",
        '{"image": "a.jpg", "\\ud800": 1, "split": "train"}',
    ],
    ids=lambda content: content[:16],
)
def test_json_lines_that_are_none_are_refused_by_name(tmp_path, content):
    (tmp_path / "labels.jsonl").write_text(content)
    (tmp_path / "images").mkdir()

    refused(
        lambda: read_table(tmp_path / "labels.jsonl", images=tmp_path / "images"),
        names="labels.jsonl",
    )


def test_half_a_character_as_an_image_is_refused(tmp_path):
    (tmp_path / "labels.jsonl").write_text('{"\\ud800": 1}')
    (tmp_path / "images").mkdir()

    refused(
        lambda: read_table(tmp_path / "labels.jsonl", images=tmp_path / "images"),
        names="image outside the images folder",
    )


@pytest.mark.parametrize("special", ["fifo", "folder"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_what_is_no_plain_file_is_refused_and_not_waited_for(tmp_path, special, suffix):
    file = tmp_path / f"labels.{suffix}"
    os.mkfifo(file) if special == "fifo" else file.mkdir()

    refused(lambda: read_frame(file, ProblemLog()), names="There is no table")


@pytest.mark.parametrize(
    "cell",
    [
        "[" + "-" * 100_000 + "1]",
        "[" + "not " * 50_000 + "1]",
        "[" * 100_000,
        "[" + "1+" * 50_000 + "1]",
        "[__import__('os').mkdir('it ran')]",
        "[open('/etc/passwd').read()]",
        "[" + "9" * 10_000 + "]",
        "[f'{1}']",
    ],
    ids=lambda cell: cell[:12],
)
def test_a_label_list_is_never_run_and_never_too_deep(tmp_path, cell):
    rows = [{"image": f"{name}.jpg", "labels": cell} for name in ("a", "b")]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "images").mkdir()

    sentence = refused(lambda: read_table(tmp_path / "labels.jsonl", images=tmp_path / "images"))
    assert "unreadable label list: 2" in sentence or "at most 1,000 characters" in sentence


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_that_is_a_whole_file_is_refused(tmp_path, kind):
    config = write_dataset(tmp_path, kind, label="x" * 100_000)

    assert "labels of at most 1,000 characters" in refused(lambda: load_dataset(config))


@pytest.mark.parametrize("kind", ["coco", "jsonl"])
def test_a_label_that_no_file_can_hold_is_refused_before_anything_is_trained(tmp_path, kind):
    config = write_dataset(tmp_path, kind, label="cat \ud800")

    refused(lambda: load_dataset(config))


@pytest.mark.parametrize("value", ["9" * 5_000, "-1", "1e3", "0x10", "", "٣" * 6, "²"])
def test_a_mask_value_that_is_no_small_number_is_refused(tmp_path, value):
    (tmp_path / "values.csv").write_text(f"value,label\n{value},cat\n")

    refused(lambda: read_label_values(tmp_path / "values.csv", ["cat"]), names="values.csv")


def test_a_parquet_type_that_pickles_itself_is_not_unpickled(tmp_path, payload):
    import pickle

    harmful = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(payload),
    }
    field = pa.field("image", pa.string(), metadata=harmful)
    table = pa.table([pa.array(["a.jpg"])], schema=pa.schema([field]))
    pq.write_table(table, tmp_path / "labels.parquet")

    told(lambda: read_frame(tmp_path / "labels.parquet", ProblemLog()))


def test_pandas_metadata_of_parquet_are_not_trusted(tmp_path, payload):
    import pickle

    coded = base64.b64encode(pickle.dumps(payload)).decode()
    for pandas in ("[", coded, json.dumps({"columns": coded}), json.dumps({"index_columns": [{}]})):
        table = pa.table({"image": ["a.jpg"]}).replace_schema_metadata({"pandas": pandas})
        pq.write_table(table, tmp_path / "labels.parquet")
        told(lambda: read_frame(tmp_path / "labels.parquet", ProblemLog()))


@FEW
@given(data=st.data())
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_damaged_table_is_read_or_refused(tmp_path, suffix, data):
    file = tmp_path / f"whole.{suffix}"
    if not file.exists():
        frame = frame_of(["a", "b", "c"], "cat")
        frame.to_csv(file, index=False) if suffix == "csv" else frame.to_parquet(file)
    broken = tmp_path / f"broken.{suffix}"
    broken.write_bytes(data.draw(damaged(file.read_bytes())))
    (tmp_path / "images").mkdir(exist_ok=True)

    told(lambda: read_table(broken, images=tmp_path / "images"))


@FEW
@given(rows=mutated([{"image": "a.jpg", "cat": 1, "split": "train"}, {"image": "b.jpg", "cat": 0}]))
def test_any_json_lines_are_read_or_refused(tmp_path, rows):
    listed = rows if isinstance(rows, list) else [rows]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, listed)))
    (tmp_path / "images").mkdir(exist_ok=True)

    told(lambda: read_table(tmp_path / "labels.jsonl", images=tmp_path / "images"))


def test_the_payload_of_these_tests_does_run_when_it_is_unpickled(tmp_path):
    import pickle

    harmful = Payload(tmp_path / "ran")
    with pytest.raises(AssertionError, match=r"pickle\.find_class"):
        told(lambda: pickle.loads(pickle.dumps(harmful)))

    assert harmful.marker.exists()


def test_a_frame_of_pandas_itself_would_read_the_same(tmp_path):
    frame_of(["a"], "cat").to_csv(tmp_path / "labels.csv", index=False)

    frame = read_frame(tmp_path / "labels.csv", ProblemLog())

    pd.testing.assert_frame_equal(frame, frame_of(["a"], "cat"))
