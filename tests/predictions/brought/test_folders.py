"""Folders as the library `datasets` writes them: Arrow shards with its notes, or Parquet."""

import json

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from udviz.comparing.study import file_sha256
from udviz.predictions.brought.folders import shards_of
from udviz.predictions.brought.reading import read_scores, read_targets

IDS, NAMES = ["a", "b", "c", "d"], ["cat", "dog", "cow"]
CLASSES = {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "List"}


def save(folder, table, *, n_shards=2, kind="arrow", split="data"):
    """What `Dataset.save_to_disk` and `Dataset.to_parquet` leave."""
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-len(table) // n_shards)
    for shard in range(n_shards):
        part = table.slice(shard * size, size)
        file = folder / f"{split}-{shard:05}-of-{n_shards:05}.{kind}"
        if kind == "parquet":
            parquet.write_table(part, file)
        else:
            with pa.ipc.new_stream(file, part.schema) as stream:
                stream.write_table(part)
    (folder / "state.json").write_text("{}")
    return folder


def listed(values, column="scores", features=None):
    notes = {"huggingface": json.dumps({"info": {"features": features or {}}})}
    table = pa.table({"image_id": IDS, column: [list(row) for row in values]})
    return table.replace_schema_metadata(notes)


def values_of(matrix):
    return np.column_stack([matrix.column(place) for place in range(matrix.shape[1])])


@pytest.fixture
def scores(rng):
    return rng.random((4, 3))


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_lists_of_scores_are_joined_over_shards(kind, tmp_path, scores):
    found = read_scores(save(tmp_path / "mine", listed(scores, "logits"), kind=kind))

    np.testing.assert_array_equal(values_of(found), scores)
    assert list(found.ids) == IDS
    assert found.label_names is None
    assert found.scale == "logits"


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_a_column_per_label_is_read_as_of_a_table(kind, tmp_path, scores):
    columns = dict(zip(NAMES, scores.T, strict=True))
    folder = save(tmp_path / "mine", pa.table({"image_id": IDS, **columns}), kind=kind)

    found = read_scores(folder)

    np.testing.assert_array_equal(values_of(found), scores)
    assert list(found.label_names) == NAMES


def test_lists_of_classes_are_targets_with_their_names(tmp_path):
    table = listed([[0], [1, 2], [], [2]], "labels", {"labels": CLASSES})

    matrix, targets = read_targets(save(tmp_path / "mine", table))

    assert targets.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0], [0, 0, 1]]
    assert list(matrix.label_names) == NAMES


def test_files_that_the_library_keeps_for_itself_are_left_out(tmp_path, scores):
    folder = save(tmp_path / "mine", listed(scores))
    (folder / "cache-0123.arrow").write_bytes(b"none of the data")

    assert [file.name for file in shards_of(folder)] == [
        "data-00000-of-00002.arrow",
        "data-00001-of-00002.arrow",
    ]


def test_the_digest_of_a_folder_is_that_of_its_shards(tmp_path, scores):
    folder = save(tmp_path / "mine", listed(scores))
    before = file_sha256(folder)
    (folder / "state.json").write_text("changed")
    assert file_sha256(folder) == before

    save(folder, listed(scores[::-1]))

    assert file_sha256(folder) != before


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_a_shard_that_is_cut_or_missing_is_refused(kind, tmp_path, scores):
    folder = save(tmp_path / "mine", listed(scores), kind=kind)
    last = folder / f"data-00001-of-00002.{kind}"
    last.write_bytes(last.read_bytes()[:-150] if kind == "arrow" else last.read_bytes()[:-9])

    with pytest.raises(ValueError, match="mine must be a whole table"):
        read_scores(folder)

    last.unlink()
    with pytest.raises(ValueError, match="must hold all 2 shards, got 1"):
        read_scores(folder)


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_whatever_bytes_are_changed_a_folder_is_read_or_refused_by_name(
    kind, tmp_path, scores, rng
):
    folder = save(tmp_path / "mine", listed(scores), kind=kind, n_shards=1)
    file = folder / f"data-00000-of-00001.{kind}"
    content, told = file.read_bytes(), []
    for _ in range(150):
        changed = bytearray(content)
        changed[rng.integers(len(changed))] = rng.integers(256)
        file.write_bytes(changed)
        try:
            values_of(read_scores(folder))
        except ValueError as error:
            told.append(str(error))

    assert told
    assert [text for text in told if " must " not in text] == []


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (listed([[1.0], [1.0, 2.0], [1.0], [1.0]]), "lists of one number per label in scores"),
        (pa.table({"image_id": IDS, "scores": [[1.0], None, [1.0], [1.0]]}), "a row without"),
        (pa.table({"scores": pa.array([], pa.list_(pa.float32()))}), "per image, got no rows"),
        (pa.table({"x": [[1.0]] * 4, "y": [[1.0]] * 4}), "hold one list called .*got x, y"),
        (pa.table({"image_id": IDS, "made": IDS}), "numbers in every column but that of the im"),
    ],
)
def test_lists_that_are_no_matrix_are_refused(table, told, tmp_path):
    with pytest.raises(ValueError, match=told):
        read_scores(save(tmp_path / "mine", table))


@pytest.mark.parametrize(
    ("labels", "told"),
    [([[0], [3], [], []], "from 0 to 2, got 3"), ([[0, 0, 1], [1], [], []], "got one twice")],
)
def test_classes_that_are_none_are_refused(labels, told, tmp_path):
    with pytest.raises(ValueError, match=told):
        read_targets(save(tmp_path / "mine", listed(labels, "labels", {"labels": CLASSES})))


def test_several_splits_are_refused_and_named(tmp_path, scores):
    folder = save(tmp_path / "hub", listed(scores), kind="parquet", split="test")
    save(folder, listed(scores), kind="parquet", split="val")
    with pytest.raises(ValueError, match=r"shards of one split, got test-00000-of-00002.parquet"):
        read_scores(folder)

    (tmp_path / "dict" / "test").mkdir(parents=True)
    (tmp_path / "dict" / "dataset_dict.json").write_text("{}")
    with pytest.raises(ValueError, match="got a folder per split, test; name one"):
        read_scores(tmp_path / "dict")
