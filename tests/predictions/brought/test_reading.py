"""Each format is written by the library that people write it with, and read back."""

import json
import pickle
import re
import zipfile
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from udviz.predictions.brought.reading import FORMATS, read_scores, read_targets

IDS, NAMES = ["007", "b.jpg", "c", "12"], ["cat", "dog.big", "dog"]


@pytest.fixture
def scores(rng):
    return rng.normal(size=(4, 3))


def wide(values):
    return pd.DataFrame(values, columns=NAMES, index=pd.Index(IDS, name="image"))


def long(values, column="score"):
    table = wide(values).reset_index().melt("image", var_name="label", value_name=column)
    return table.sample(frac=1, random_state=0)


WRITERS = {
    "packed.npz": lambda path, x: np.savez(path, scores=x, image_ids=IDS, label_names=NAMES),
    "small.npz": lambda path, x: np.savez_compressed(
        path, scores=np.asfortranarray(x), ids=np.array(IDS, dtype="S"), label_names=NAMES
    ),
    "plain.npy": lambda path, x: np.save(path, x),
    "plain.safetensors": lambda path, x: save_file({"anything": x}, path),
    "named.safetensors": lambda path, x: save_file(
        {"scores": x}, path, metadata={"ids": json.dumps(IDS), "label_names": json.dumps(NAMES)}
    ),
    "wide.csv": lambda path, x: wide(x).to_csv(path),
    "unnamed.csv": lambda path, x: wide(x).rename_axis(None).to_csv(path),
    "wide.tsv": lambda path, x: wide(x).to_csv(path, sep="\t"),
    "semicolons.csv": lambda path, x: wide(x).to_csv(path, sep=";", decimal=","),
    "tabs.csv": lambda path, x: wide(x).to_csv(path, sep="\t"),
    "wide.parquet": lambda path, x: wide(x).reset_index().to_parquet(path),
    "index.parquet": lambda path, x: wide(x).to_parquet(path),
    "unnamed.parquet": lambda path, x: wide(x).rename_axis(None).to_parquet(path),
    "long.csv": lambda path, x: long(x).to_csv(path, index=False),
    "long.parquet": lambda path, x: long(x).to_parquet(path),
    "results.json": lambda path, x: path.write_text(json.dumps(results(x))),
}


def results(values):
    """As of COCO, about whole images."""
    table = long(values).rename(columns={"image": "image_id", "label": "category_id"})
    return table.to_dict("records")


def values_of(matrix):
    return np.column_stack([matrix.column(place) for place in range(matrix.shape[1])])


@pytest.mark.parametrize("file", WRITERS)
def test_a_file_gives_back_what_was_written(file, tmp_path, scores):
    WRITERS[file](tmp_path / file, scores)

    found = read_scores(tmp_path / file)

    table = pd.DataFrame(values_of(found), index=found.ids, columns=found.label_names)
    if found.ids is not None:
        table = table.loc[IDS]
    if found.label_names is not None:
        table = table[NAMES]
    np.testing.assert_array_equal(table.to_numpy(), scores)
    assert (found.ids is None) == file.startswith("plain")


@pytest.mark.parametrize("file", ["plain.npy", "wide.csv", "unnamed.csv", "wide.parquet"])
def test_targets_are_read_from_arrays_and_wide_tables(file, tmp_path, rng):
    targets = rng.integers(-1, 2, (4, 3))
    WRITERS[file](tmp_path / file, targets)

    matrix, values = read_targets(tmp_path / file)

    np.testing.assert_array_equal(values, targets)
    assert values.dtype == np.int8
    assert matrix.ids is None or list(matrix.ids) == IDS


def test_targets_of_an_archive_are_told_from_what_lies_beside_them(tmp_path, rng):
    targets = rng.integers(0, 2, (4, 3))
    np.savez(tmp_path / "t.npz", targets=targets, scores=rng.random((4, 3)), label_names=NAMES)

    np.testing.assert_array_equal(read_targets(tmp_path / "t.npz")[1], targets)


def test_a_blank_target_is_unknown_and_words_of_truth_are_targets(tmp_path):
    (tmp_path / "t.csv").write_text("image,cat,dog\na,True,0.0\nb,,FALSE\nc,-1,1\n")

    assert read_targets(tmp_path / "t.csv")[1].tolist() == [[1, 0], [-1, 0], [-1, 1]]


def test_bfloat16_is_read_as_the_numbers_it_stands_for(tmp_path):
    header = json.dumps({"x": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [0, 4]}}).encode()
    numbers = np.array([1.5, -3.0], dtype=np.float32).view(np.uint32) >> 16
    content = len(header).to_bytes(8, "little") + header + numbers.astype("<u2").tobytes()
    (tmp_path / "half.safetensors").write_bytes(content)

    assert values_of(read_scores(tmp_path / "half.safetensors")).tolist() == [[1.5, -3.0]]


class Trap:
    """Leaves a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("kind", [".pt", ".pth", ".pkl", ".pickle", ".joblib", *FORMATS])
def test_a_pickle_is_refused_whatever_it_is_called_and_never_opened(kind, tmp_path):
    trap, path = tmp_path / "sprung", tmp_path / f"scores{kind}"
    path.write_bytes(pickle.dumps(Trap(trap)))

    with pytest.raises(ValueError, match=r"must not be a pickle(.*\n){3}.*np\.savez\('scores.npz'"):
        read_scores(path)

    assert not trap.exists()


@pytest.mark.parametrize("kind", [".npy", ".npz"])
def test_an_array_of_objects_is_refused_and_never_opened(kind, tmp_path):
    trap, path = tmp_path / "sprung", tmp_path / f"scores{kind}"
    values = np.array([[Trap(trap)]], dtype=object)
    (np.save if kind == ".npy" else np.savez)(path, values, allow_pickle=True)

    with pytest.raises(ValueError, match="plain numbers"):
        read_scores(path)

    assert not trap.exists()


@pytest.mark.parametrize(
    "file", [file for file in WRITERS if not file.endswith((".csv", ".tsv"))] + ["wide.csv"]
)
def test_a_file_that_was_cut_is_refused(file, tmp_path, scores):
    WRITERS[file](tmp_path / file, scores)
    content = (tmp_path / file).read_bytes()
    end = content.rindex(b",") if file == "wide.csv" else len(content) * 3 // 4
    (tmp_path / file).write_bytes(content[:end])

    with pytest.raises(ValueError, match=f"{re.escape(file)}.* must "):
        read_scores(tmp_path / file)


@pytest.mark.parametrize("file", WRITERS)
def test_whatever_bytes_are_changed_a_file_is_read_or_refused_by_name(file, tmp_path, scores, rng):
    WRITERS[file](tmp_path / file, scores)
    content, told = (tmp_path / file).read_bytes(), []
    for _ in range(60):
        changed = bytearray(content)
        changed[rng.integers(len(changed))] = rng.integers(256)
        (tmp_path / file).write_bytes(changed)
        for read in (lambda path: values_of(read_scores(path)), read_targets):
            try:
                read(tmp_path / file)
            except ValueError as error:
                told.append(str(error))

    assert [text for text in told if file not in text or " must " not in text] == []


def test_an_array_larger_than_its_part_of_a_zip_file_is_refused_unread(tmp_path):
    np.save(tmp_path / "small.npy", np.zeros((1, 1)))
    content = (tmp_path / "small.npy").read_bytes().replace(b"(1, 1)", b"(9, 9)")
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("scores.npy", content)

    with pytest.raises(ValueError, match="have at most 4,294,967,296 bytes, and all of them"):
        read_scores(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("image,cat\na,0.5\na,0.7\n", "name every image once, got a twice"),
        ("image,cat,cat\na,0.5,1\n", "name every column once"),
        ("image,cat\na,many\n", "whole table of numbers.*many"),
        ("image,cat,dog\na,1,2\nb,1\n", "whole table of numbers.*3 columns, got 2"),
        ("image,label,score\na,cat,1\nb,dog,1\n", "2 images x 2 labels, got 2 rows"),
        ("image,label,score\na,cat,1\na,cat,2\nb,cat,1\nb,dog,1\n", "none for a, dog"),
        ("", "begin with a row of column names"),
        ("image,cat\n", "1 to 16,777,216 images"),
    ],
)
def test_a_table_that_does_not_say_one_thing_is_refused(content, told, tmp_path):
    (tmp_path / "t.csv").write_text(content)

    with pytest.raises(ValueError, match=told):
        read_scores(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], "1 to 16,777,216 images"),
        ({"image_id": 1, "category_id": 2, "score": 0.5}, "a list of objects with image_id"),
        ([{"image_id": 1, "category_id": 2}], "a list of objects with image_id"),
        ([{"image_id": 1.5, "category_id": 2, "score": 0.5}], "a list of objects with image_id"),
        ([{"image_id": 1, "category_id": 2, "score": "0.5"}], "a list of objects with image_id"),
        ([{"image_id": 1, "category_id": 2, "score": 0.5}] * 2, "1 images x 1 labels, got 2 rows"),
    ],
)
def test_results_that_lack_something_or_hold_it_twice_are_refused(content, told, tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(content))

    with pytest.raises(ValueError, match=told):
        read_scores(tmp_path / "r.json")


def test_ids_of_results_may_be_numbers(tmp_path):
    rows = [{"image_id": 42, "category_id": 18, "score": 0.5, "bbox": [1, 2, 3, 4]}]
    (tmp_path / "r.json").write_text(json.dumps(rows))

    found = read_scores(tmp_path / "r.json")

    assert (list(found.ids), list(found.label_names)) == (["42"], ["18"])


def test_one_archive_of_cleanlab_holds_scores_and_targets(tmp_path, rng):
    labels, probs = rng.integers(0, 2, (4, 3)), rng.random((4, 3))
    np.savez(tmp_path / "c.npz", labels=labels, pred_probs=probs)

    found = read_scores(tmp_path / "c.npz")

    np.testing.assert_array_equal(values_of(found), probs)
    assert found.scale == "probabilities"
    np.testing.assert_array_equal(read_targets(tmp_path / "c.npz")[1], labels)


@pytest.mark.parametrize("kind", [".pt", ".pkl"])
def test_the_three_lines_of_a_refused_pickle_convert_it(kind, tmp_path, monkeypatch, scores):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"mine{kind}"
    if kind == ".pt":
        torch = import_module("torch")
        torch.save(torch.from_numpy(scores), path)
    else:
        path.write_bytes(pickle.dumps(scores))
    with pytest.raises(ValueError, match="must not be a pickle") as refused:
        read_scores(path)

    _, *lines = str(refused.value).splitlines()
    exec("\n".join(line.strip() for line in lines), {})

    np.testing.assert_array_equal(values_of(read_scores(tmp_path / "mine.npz")), scores)


def test_a_target_that_is_none_is_refused_with_its_place(tmp_path):
    (tmp_path / "t.csv").write_text("image,cat,dog\na,1,0\nb,1,2\n")

    with pytest.raises(ValueError, match="got 2 for image b, label dog"):
        read_targets(tmp_path / "t.csv")


def test_the_name_of_an_array_says_what_its_scores_are(tmp_path, scores):
    for name, scale in {"logits": "logits", "pred_probs": "probabilities", "x": None}.items():
        np.savez(tmp_path / "s.npz", **{name: scores})
        assert read_scores(tmp_path / "s.npz").scale == scale


def test_cleanlabs_targets_are_no_label_names(tmp_path, scores):
    np.savez(tmp_path / "s.npz", pred_probs=scores, labels=np.ones((4, 3)))

    assert read_scores(tmp_path / "s.npz").label_names is None
    assert read_targets(tmp_path / "s.npz")[1].tolist() == [[1, 1, 1]] * 4
