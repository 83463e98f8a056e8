"""Prediction caches of somebody else: manifests that point elsewhere, arrays that are pickles."""

import io
import json
import os
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.predictions.test_cache import begin_cache
from tests.security.attacks import FEW, damaged, mutated, refused, told
from udviz.predictions.cache import open_predictions
from udviz.predictions.manifest import MANIFEST, file_crc32

LABELS = ("cat", "dog")
N_IMAGES = 4


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A cache as the program writes it; nobody changes it."""
    directory = tmp_path_factory.mktemp("study") / "teacher" / "predictions" / "test"
    with begin_cache(directory, n_images=N_IMAGES, labels=LABELS) as writer:
        logits = np.linspace(-1, 1, N_IMAGES * 2, dtype=np.float32).reshape(N_IMAGES, 2)
        writer.write(
            slice(None),
            targets=(logits > 0).astype(np.int8),
            difficult=np.zeros(logits.shape, bool),
            logits=logits,
            attention=np.ones((N_IMAGES, 3, 3), np.float32),
        )
    return directory


@pytest.fixture
def cache(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "study" / "teacher" / "predictions" / "test")


def manifest_of(cache):
    return json.loads((cache / MANIFEST).read_text())


def rewrite(cache, **changes):
    (cache / MANIFEST).write_text(json.dumps(manifest_of(cache) | changes))


def sign(cache, name):
    """Make the manifest agree with what is in the file now."""
    entry = {"bytes": (cache / name).stat().st_size, "crc32": file_crc32(cache / name)}
    rewrite(cache, files=manifest_of(cache)["files"] | {name: entry})


@pytest.mark.parametrize(
    "name",
    ["../../../../../outside/secret.npy", "{outside}/secret.npy", "..", "a/b.npy", "\0.npy", ""],
)
def test_a_manifest_that_names_a_file_elsewhere_is_refused(cache, outside, name):
    entry = {"bytes": 11, "crc32": 0}
    hostile = name.format(outside=outside.folder)
    rewrite(cache, files=manifest_of(cache)["files"] | {hostile: entry})

    refused(lambda: open_predictions(cache), names=MANIFEST)


@pytest.mark.parametrize("word", ["../../outside", "/etc", "a/b", "", "\0", "x" * 10_000, 7, None])
@pytest.mark.parametrize("field", ["dataset_fingerprint", "checkpoint_digest", "split"])
def test_a_word_that_could_lead_elsewhere_is_refused(cache, field, word):
    rewrite(cache, **{field: word})

    refused(lambda: open_predictions(cache), names=MANIFEST)


@pytest.mark.parametrize(
    "changes",
    [
        {"files": []},
        {"files": "x"},
        {"files": {}},
        {"files": {"images.parquet": 1}},
        {"files": {"images.parquet": {"bytes": "1", "crc32": 1}}},
        {"files": {"images.parquet": {"bytes": 1}}},
        {"label_names": "cat"},
        {"label_names": [1, 2]},
        {"label_names": None},
        {"n_images": "4"},
        {"n_images": 10**400},
        {"n_images": -4},
        {"n_images": 5},
        {"label_names": ["cat"]},
        {"schema_version": "x" * 100_000},
        {"extra": 1},
    ],
    ids=lambda changes: repr(changes)[:40],
)
def test_a_manifest_that_lies_is_refused(cache, changes):
    rewrite(cache, **changes)

    refused(lambda: open_predictions(cache), names="Remake it with: python -m pipelines.study")


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", "null", "9" * 5_000, "\ud800"])
def test_a_manifest_that_is_none_is_refused(cache, content):
    (cache / MANIFEST).write_bytes(content.encode("utf-8", "surrogatepass"))

    refused(lambda: open_predictions(cache), names=MANIFEST)


def npy(array, **changes):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    content = file.getvalue()
    for old, new in changes.get("header", ()):
        content = content.replace(old, new.ljust(len(old)) if len(new) <= len(old) else new)
    return content


PLAIN = np.zeros((N_IMAGES, 2), np.float32)
ARRAYS = {
    "objects": npy(PLAIN.astype(object)),
    "another shape": npy(np.zeros((N_IMAGES + 1, 2), np.float32)),
    "another rank": npy(np.zeros((N_IMAGES, 2, 2), np.float32)),
    "text": npy(np.full((N_IMAGES, 2), "=1+1")),
    "complex": npy(PLAIN.astype(complex)),
    "records": npy(np.zeros((N_IMAGES, 2), [("![x](http://evil)", "f4")])),
    "times": npy(np.zeros((N_IMAGES, 2), "M8[s]")),
    "huge claim": npy(PLAIN, header=[(b"(4, 2), }      ", b"(4, 200000000),}")]),
    "header that is code": npy(PLAIN, header=[(b"(4, 2)", b"exit()")]),
    "long header": b"\x93NUMPY\x02\x00" + (10**9).to_bytes(4, "little") + b"{" * 1_000,
    "no array": b"hello",
    "empty": b"",
    "zip": b"PK\x03\x04" + b"\0" * 50,
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_that_is_something_else_is_refused_by_its_name(cache, kind):
    (cache / "logits.npy").write_bytes(ARRAYS[kind])
    sign(cache, "logits.npy")

    assert "evil" not in refused(lambda: open_predictions(cache), names="logits.npy")


@pytest.mark.parametrize("form", ["array of objects", "bare pickle"])
def test_a_pickle_in_place_of_an_array_is_never_loaded(cache, payload, form):
    if form == "bare pickle":
        (cache / "logits.npy").write_bytes(pickle.dumps(payload))
    else:
        array = np.empty((N_IMAGES, 2), dtype=object)
        array[:] = payload
        np.save(cache / "logits.npy", array, allow_pickle=True)
    sign(cache, "logits.npy")

    refused(lambda: open_predictions(cache), names="logits.npy")


@pytest.mark.parametrize(
    "images",
    [
        pd.DataFrame({"image_id": ["a"] * 4, "row": [-1, 0, 1, 2]}),
        pd.DataFrame({"image_id": ["a"] * 4, "row": [2**62, 0, 1, 2]}),
        pd.DataFrame({"image_id": ["a"] * 4, "row": ["../x"] * 4}),
        pd.DataFrame({"image_id": ["a"] * 4, "row": [0.5] * 4}),
        pd.DataFrame({"image_id": ["a"] * 3, "row": [0, 1, 2]}),
        pd.DataFrame({"row": [0, 1, 2, 3]}),
    ],
    ids=["negative", "huge", "text", "fractions", "too few", "no ids"],
)
def test_a_list_of_images_that_lies_is_refused(cache, images):
    images.to_parquet(cache / "images.parquet")
    sign(cache, "images.parquet")

    refused(lambda: open_predictions(cache), names="images.parquet")


@pytest.mark.parametrize("name", ["logits.npy", "images.parquet", MANIFEST])
def test_a_named_pipe_in_a_cache_is_refused_and_not_waited_for(cache, name):
    (cache / name).unlink()
    os.mkfifo(cache / name)

    refused(lambda: open_predictions(cache))


@FEW
@given(content=st.data())
def test_any_manifest_is_read_or_refused(whole, tmp_path, content):
    cache = tmp_path / "cache"
    if not cache.exists():
        shutil.copytree(whole, cache)
    changed = content.draw(mutated(manifest_of(whole)))
    (cache / MANIFEST).write_text(json.dumps(changed))

    told(lambda: open_predictions(cache))


@FEW
@given(content=st.data())
@pytest.mark.parametrize("name", ["logits.npy", "targets.npy", "attention.npy", "images.parquet"])
def test_a_damaged_file_that_the_manifest_agrees_with_is_read_or_refused(
    whole, tmp_path, name, content
):
    cache = tmp_path / "cache"
    if not cache.exists():
        shutil.copytree(whole, cache)
    (cache / name).write_bytes(content.draw(damaged((whole / name).read_bytes())))
    sign(cache, name)

    told(lambda: open_predictions(cache))


def test_a_cache_of_the_program_itself_opens(cache):
    assert open_predictions(cache).logits.shape == (N_IMAGES, 2)
