import json
import os

import numpy as np
import pandas as pd
import pytest

from tests.studies.disks import PAGE, fill, small_disk
from udviz.predictions.cache import PredictionWriter, open_predictions

LABELS = ("cat", "dog", "owl")


def begin_cache(directory, *, n_images, labels=LABELS, checkpoint_digest="abc"):
    images = pd.DataFrame(
        {"image_id": [f"{i}.jpg" for i in range(n_images)], "row": range(n_images)}
    )
    return PredictionWriter(
        directory,
        split="test",
        images=images,
        label_names=labels,
        dataset_fingerprint="data",
        checkpoint_digest=checkpoint_digest,
    )


def write_cache(directory, logits, *, checkpoint_digest="abc"):
    n_images = len(logits)
    with begin_cache(directory, n_images=n_images, checkpoint_digest=checkpoint_digest) as writer:
        targets = (logits > 0).astype(np.int8)
        writer.write(slice(None), targets=targets, difficult=np.zeros(logits.shape, bool))
        writer.write(slice(0, 2), logits=logits[:2], attention=np.ones((2, 4, 5), np.float32))
        writer.write(slice(2, n_images), logits=logits[2:], attention=None)


def write_half_a_cache(directory, logits):
    with begin_cache(directory, n_images=1, checkpoint_digest="new") as writer:
        writer.write(slice(None), logits=logits[:1])
        raise KeyboardInterrupt


@pytest.fixture
def logits(rng):
    return rng.normal(size=(6, 3)).astype(np.float32)


@pytest.fixture
def cache(tmp_path, logits):
    directory = tmp_path / "study" / "teacher" / "predictions" / "test"
    write_cache(directory, logits)
    return directory


def test_what_was_written_batch_by_batch_comes_back_whole(cache, logits):
    predictions = open_predictions(cache)

    np.testing.assert_array_equal(predictions.logits, logits)
    assert predictions.label_names == LABELS
    assert predictions.image_ids == tuple(f"{i}.jpg" for i in range(6))
    assert predictions.attention.shape == (6, 4, 5)
    assert predictions.calibration_logits is None


def test_what_was_written_label_by_label_is_the_same_cache(tmp_path, cache, logits):
    with begin_cache(tmp_path / "by-label", n_images=len(logits)) as writer:
        for label in range(len(LABELS)):
            column = logits[:, label]
            writer.write_label(
                label,
                targets=(column > 0).astype(np.int8),
                difficult=np.zeros(len(column), bool),
                logits=column,
            )

    one, other = (open_predictions(path).manifest.files for path in (cache, tmp_path / "by-label"))
    assert other == {name: about for name, about in one.items() if name != "attention.npy"}


def test_a_label_s_column_is_contiguous_and_read_only(cache):
    logits = open_predictions(cache).logits

    assert logits[:, 1].flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        logits[0, 0] = 1.0


def test_probs_are_the_sigmoid_of_the_logits_even_where_it_would_overflow(tmp_path):
    logits = np.array([[0.0, -1000.0, 1000.0]] * 3, dtype=np.float32)
    write_cache(tmp_path / "c", logits)

    cache = open_predictions(tmp_path / "c")

    np.testing.assert_array_equal(cache.image_probs(0), [0.5, 0.0, 1.0])
    np.testing.assert_array_equal(cache.probs(2), [1.0, 1.0, 1.0])


def test_an_interrupted_write_leaves_the_old_cache_and_no_draft(cache, logits):
    before = np.array(open_predictions(cache).logits)

    with pytest.raises(KeyboardInterrupt):
        write_half_a_cache(cache, logits)

    np.testing.assert_array_equal(open_predictions(cache).logits, before)
    assert [path.name for path in cache.parent.iterdir()] == ["test"]


def test_what_a_killed_process_left_of_a_cache_is_cleared_by_the_next_one(cache, logits):
    child = os.fork()
    if child == 0:
        with begin_cache(cache, n_images=1, checkpoint_digest="new") as writer:
            writer.write(slice(None), logits=logits[:1])
            os._exit(9)
    os.waitpid(child, 0)
    assert len(list(cache.parent.iterdir())) == 2

    write_cache(cache, logits)

    assert [path.name for path in cache.parent.iterdir()] == ["test"]


def test_a_full_disk_is_an_error_when_space_is_reserved_not_a_crash(cache, logits, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)

    with pytest.raises(OSError, match="No space left"):
        write_cache(cache, logits)
    assert open_predictions(cache).logits.shape == (6, 3)


@pytest.mark.parametrize("n_pages", range(7))
def test_a_disk_that_is_full_in_earnest_keeps_the_old_cache_and_no_draft(tmp_path, logits, n_pages):
    with small_disk(tmp_path / "disk", n_bytes=2**20) as disk:
        write_cache(disk.path / "test", logits)
        fill(disk.path, leave=n_pages * PAGE)
        before = {path.name for path in disk.path.iterdir()}

        if n_pages < 6:  # one per file
            with pytest.raises(OSError, match="No space left"):
                write_cache(disk.path / "test", -logits)
            np.testing.assert_array_equal(open_predictions(disk.path / "test").logits, logits)
        else:
            write_cache(disk.path / "test", -logits)
        assert {path.name for path in disk.path.iterdir()} == before


@pytest.mark.parametrize("name", ["logits.npy", "targets.npy", "images.parquet"])
def test_a_changed_byte_is_noticed_and_the_file_named(cache, name):
    content = bytearray((cache / name).read_bytes())
    content[-1] ^= 1
    (cache / name).write_bytes(content)

    with pytest.raises(ValueError, match=rf"{name}` does not match its checksum"):
        open_predictions(cache)


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("name", ["manifest.json", "logits.npy", "difficult.npy", "images.parquet"])
def test_a_file_cut_at_every_tenth_byte_is_refused_with_the_command_that_remakes_it(
    cache, name, verify
):
    whole = (cache / name).read_bytes().rstrip(b"\n")

    for length in range(0, len(whole), 10):
        (cache / name).write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"python -m pipelines.study --recipe .*study.toml"):
            open_predictions(cache, verify=verify)


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("n_more", [-1, 1])
def test_a_file_of_another_size_is_refused_with_both_sizes(cache, n_more, verify):
    content = (cache / "logits.npy").read_bytes()
    (cache / "logits.npy").write_bytes((content + b"\0")[: len(content) + n_more])

    sizes = f"has {len(content) + n_more} bytes instead of {len(content)}"
    with pytest.raises(ValueError, match=rf"logits.npy` {sizes}"):
        open_predictions(cache, verify=verify)


def test_a_missing_file_is_refused_by_name(cache):
    (cache / "logits.npy").unlink()

    with pytest.raises(ValueError, match=r"logits.npy` is missing"):
        open_predictions(cache)


def test_no_cache_is_refused_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"python -m pipelines.study"):
        open_predictions(tmp_path / "study" / "run" / "predictions" / "test")


def test_an_older_schema_is_refused(cache):
    manifest = json.loads((cache / "manifest.json").read_text())
    (cache / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 0}))

    with pytest.raises(ValueError, match="schema version 0, not 1"):
        open_predictions(cache)


def test_pickled_arrays_are_never_loaded(cache):
    np.save(cache / "logits.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    manifest = json.loads((cache / "manifest.json").read_text())
    manifest["files"]["logits.npy"]["bytes"] = (cache / "logits.npy").stat().st_size
    (cache / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(ValueError, match=r"logits.npy` is no array of plain numbers"):
        open_predictions(cache, verify=False)
