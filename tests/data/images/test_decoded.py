import errno
import multiprocessing
import os
import pickle
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from udviz.data.dataset import Dataset
from udviz.data.images.decoded import DecodedImages, decoded_folder, stored_aspect, stored_image
from udviz.data.images.decoding import ImageError

SIDE = 16


class Drawing:
    """Draws an image whose pixels tell its index."""

    def __call__(self, index: int) -> np.ndarray:
        return np.full((8, 12, 3), index + 1, dtype=np.uint8)


class SlowDrawing(Drawing):
    def __call__(self, index: int) -> np.ndarray:
        time.sleep(0.005)
        return super().__call__(index)


class NoDrawing:
    def __call__(self, index: int) -> np.ndarray:
        raise AssertionError(f"image {index} was decoded again")


@pytest.fixture
def drawn() -> Dataset:
    return Dataset(
        name="drawn",
        label_names=("a",),
        image_ids=tuple(f"{index}" for index in range(60)),
        splits=np.full(60, "train"),
        targets=np.zeros((60, 1), dtype=np.int8),
        difficult=np.zeros((60, 1), dtype=bool),
        load=Drawing(),
        fingerprint="f00d",
    )


def test_an_image_is_decoded_once(drawn, tmp_path):
    first = DecodedImages(drawn, side_px=SIDE, directory=tmp_path)[7]

    again = DecodedImages(replace(drawn, load=NoDrawing()), side_px=SIDE, directory=tmp_path)[7]

    assert again.shape == (SIDE, SIDE, 3)
    assert again.dtype == np.uint8
    assert (again == 8).all()
    np.testing.assert_array_equal(first, again)
    assert again.flags.writeable


def test_another_side_or_another_fingerprint_is_another_cache(drawn, tmp_path):
    for dataset, side in ((drawn, 16), (drawn, 8), (replace(drawn, fingerprint="beef"), 16)):
        assert DecodedImages(dataset, side_px=side, directory=tmp_path)[0].shape[0] == side

    assert sorted(path.name for path in tmp_path.iterdir()) == ["beef-16", "f00d-16", "f00d-8"]


def test_a_photo_is_warped_to_the_square_like_pillow_does_it(drawn, tmp_path, rng):
    noise = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    dataset = replace(drawn, paths=(tmp_path / "a.png",) * 60, load=NoDrawing())

    row = DecodedImages(dataset, side_px=SIDE, directory=tmp_path / "cache")[0]

    expected = Image.fromarray(noise).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(row, np.asarray(expected))


def test_a_large_jpeg_is_close_to_its_full_decode(drawn, tmp_path, save_photo):
    path = save_photo(tmp_path / "a.jpg", size=(800, 600))
    dataset = replace(drawn, paths=(path,) * 60)

    row = DecodedImages(dataset, side_px=64, directory=tmp_path / "cache")[0]

    with Image.open(path) as image:
        expected = np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR), dtype=float)
    assert np.abs(row - expected).mean() < 1.5


def test_overwritten_bytes_are_noticed_and_decoded_again(drawn, tmp_path):
    DecodedImages(drawn, side_px=SIDE, directory=tmp_path)[3]
    with open(tmp_path / "f00d-16" / "pixels.bin", "r+b") as file:
        file.seek(3 * SIDE * SIDE * 3 + 5)
        file.write(b"\xff")

    row = DecodedImages(drawn, side_px=SIDE, directory=tmp_path)[3]

    assert (row == 4).all()
    stored = DecodedImages(replace(drawn, load=NoDrawing()), side_px=SIDE, directory=tmp_path)
    assert (stored[3] == 4).all()


def test_files_cut_short_are_filled_again(drawn, tmp_path):
    DecodedImages(drawn, side_px=SIDE, directory=tmp_path)[59]
    for name in ("pixels.bin", "checksums.bin"):
        os.truncate(tmp_path / "f00d-16" / name, 100)

    assert (DecodedImages(drawn, side_px=SIDE, directory=tmp_path)[59] == 60).all()


def test_processes_that_build_it_at_once_get_the_right_rows(drawn, tmp_path):
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(4)
    workers = [
        context.Process(target=build_all, args=(drawn, tmp_path, barrier, step))
        for step in (1, -1, 1, -1)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    rows = DecodedImages(replace(drawn, load=NoDrawing()), side_px=SIDE, directory=tmp_path)
    assert all((rows[index] == index + 1).all() for index in range(60))
    assert [path.name for path in tmp_path.iterdir()] == ["f00d-16"]


def test_who_comes_second_uses_the_cache_of_who_came_first(drawn, tmp_path, monkeypatch):
    make_draft = tempfile.mkdtemp

    def make_draft_while_another_is_faster(**where: object) -> str:
        draft = make_draft(**where)
        monkeypatch.setattr(tempfile, "mkdtemp", make_draft)
        DecodedImages(drawn, side_px=SIDE, directory=tmp_path)[7]
        return draft

    monkeypatch.setattr(tempfile, "mkdtemp", make_draft_while_another_is_faster)

    rows = DecodedImages(replace(drawn, load=NoDrawing()), side_px=SIDE, directory=tmp_path)

    assert (rows[7] == 8).all()
    assert [path.name for path in tmp_path.iterdir()] == ["f00d-16"]


def test_a_directory_that_cannot_be_written_is_an_error(drawn, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(NotADirectoryError):
        DecodedImages(drawn, side_px=SIDE, directory=tmp_path / "file" / "cache")


def test_a_process_killed_in_the_middle_leaves_a_usable_cache(drawn, tmp_path):
    context = multiprocessing.get_context("fork")
    slow = replace(drawn, load=SlowDrawing())
    worker = context.Process(target=build_all, args=(slow, tmp_path, context.Barrier(1), 1))
    worker.start()
    while n_stored(tmp_path) < 5:
        assert worker.is_alive()
        time.sleep(0.002)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(30)

    rows = DecodedImages(drawn, side_px=SIDE, directory=tmp_path)

    assert 5 <= n_stored(tmp_path) < 60
    assert all((rows[index] == index + 1).all() for index in range(60))


def test_the_cache_reaches_a_spawned_worker(drawn, tmp_path):
    rows = DecodedImages(drawn, side_px=SIDE, directory=tmp_path)

    copy = pickle.loads(pickle.dumps(rows))  # how a spawned worker is handed it

    assert len(copy) == 60
    assert (copy[2] == 3).all()
    assert (rows[2] == 3).all()


def test_a_full_disk_is_an_error_that_says_what_to_do(drawn, tmp_path, monkeypatch):
    rows = DecodedImages(drawn, side_px=SIDE, directory=tmp_path)

    def no_space(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", no_space)

    with pytest.raises(OSError, match=r"No space left.*Free space.*f00d-16") as caught:
        rows[0]
    assert caught.value.errno == errno.ENOSPC


def test_a_write_that_takes_only_part_of_the_bytes_is_continued(drawn, tmp_path, monkeypatch):
    rows = DecodedImages(drawn, side_px=SIDE, directory=tmp_path)
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: whole(file, data[:100], at))

    rows[0]

    stored = DecodedImages(replace(drawn, load=NoDrawing()), side_px=SIDE, directory=tmp_path)
    assert (stored[0] == 1).all()


def test_an_image_that_cannot_be_decoded_is_named_and_not_stored(drawn, tmp_path):
    dataset = replace(drawn, paths=(tmp_path / "gone.jpg",) * 60)
    rows = DecodedImages(dataset, side_px=SIDE, directory=tmp_path)

    with pytest.raises(ImageError, match=r"gone\.jpg: there is no such file"):
        rows[0]
    assert n_stored(tmp_path) == 0


def test_an_index_outside_and_a_side_of_zero_are_refused(drawn, tmp_path):
    rows = DecodedImages(drawn, side_px=SIDE, directory=tmp_path)

    for index in (-1, 60):
        with pytest.raises(IndexError, match=r"`index` must lie in \[0, 60\)"):
            rows[index]
    with pytest.raises(ValueError, match="`side_px` must be at least 1, got 0"):
        DecodedImages(drawn, side_px=0, directory=tmp_path)


def build_all(dataset: Dataset, directory: Path, barrier, step: int) -> None:
    barrier.wait(20)
    rows = DecodedImages(dataset, side_px=SIDE, directory=directory)
    for index in range(60)[::step]:
        if not (rows[index] == index + 1).all():
            raise SystemExit(1)


def n_stored(directory: Path) -> int:
    path = directory / "f00d-16" / "checksums.bin"
    return int(np.count_nonzero(np.fromfile(path, "<u4"))) if path.exists() else 0


def test_a_stored_image_is_read_without_its_data_set(drawn, tmp_path):
    images = DecodedImages(drawn, side_px=SIDE, directory=tmp_path)
    folder = decoded_folder(tmp_path, fingerprint="f00d", side_px=SIDE)
    assert stored_image(folder, 7, side_px=SIDE) is None

    image = images[7]

    np.testing.assert_array_equal(stored_image(folder, 7, side_px=SIDE), image)
    assert stored_aspect(folder, 7) == 12 / 8
    assert stored_aspect(folder, 8) == 1  # not decoded yet


def test_a_torn_row_is_not_served_as_stored(drawn, tmp_path):
    DecodedImages(drawn, side_px=SIDE, directory=tmp_path)[7]
    folder = decoded_folder(tmp_path, fingerprint="f00d", side_px=SIDE)

    with (folder / "pixels.bin").open("r+b") as file:
        file.seek(7 * SIDE * SIDE * 3 + 100)
        file.write(b"\xff")

    assert stored_image(folder, 7, side_px=SIDE) is None


def test_a_cache_that_is_not_there_holds_no_image(tmp_path):
    assert stored_image(tmp_path / "none", 0, side_px=SIDE) is None
    assert stored_aspect(tmp_path / "none", 0) == 1


def test_a_cache_of_an_earlier_version_gains_its_shapes(drawn, tmp_path):
    DecodedImages(drawn, side_px=SIDE, directory=tmp_path)[7]
    folder = decoded_folder(tmp_path, fingerprint="f00d", side_px=SIDE)
    (folder / "shapes.bin").unlink()

    images = DecodedImages(drawn, side_px=SIDE, directory=tmp_path)

    assert (images[7] == 8).all()
    assert stored_aspect(folder, 7) == 1
    assert (images[9] == 10).all()
    assert stored_aspect(folder, 9) == 12 / 8


def test_a_very_wide_image_keeps_its_aspect(drawn, tmp_path):
    class Panorama(Drawing):
        def __call__(self, index):
            return np.zeros((2, 131_070, 3), dtype=np.uint8)

    DecodedImages(replace(drawn, load=Panorama()), side_px=SIDE, directory=tmp_path)[0]

    folder = decoded_folder(tmp_path, fingerprint="f00d", side_px=SIDE)
    assert stored_aspect(folder, 0) == 65_535
