import time

import numpy as np
import pytest
from PIL import Image

from udviz.data.images.decoding import read_image
from udviz.data.images.lookalikes import NEAR, difference_hash, near_pairs
from udviz.data.readers.table import TableSettings, read_table


def distance(one, other):
    return (difference_hash(read_image(one)) ^ difference_hash(read_image(other))).bit_count()


@pytest.fixture
def photos(tmp_path, save_photo):
    """Two photos, and one of them stored again: worse, smaller, and in another format."""
    save_photo(tmp_path / "other.png", seed=2, size=(240, 160))
    photo = Image.open(save_photo(tmp_path / "photo.png", seed=1, size=(240, 160)))
    photo.save(tmp_path / "worse.jpg", quality=40)
    photo.resize((100, 70)).save(tmp_path / "smaller.png")
    return tmp_path


def test_a_copy_that_is_stored_again_is_near_and_another_picture_is_far(photos):
    assert distance(photos / "photo.png", photos / "worse.jpg") <= NEAR
    assert distance(photos / "photo.png", photos / "smaller.png") <= NEAR
    assert distance(photos / "photo.png", photos / "other.png") > 3 * NEAR


def test_the_difference_hash_says_where_grey_rises_to_the_right():
    ramp = np.broadcast_to(np.arange(0, 90, 10, dtype=np.uint8)[None, :, None], (8, 9, 3))
    half = np.where(np.arange(8)[:, None, None] < 4, ramp, ramp[:, ::-1])

    assert difference_hash(half) == 0xFFFFFFFF00000000


def test_copies_of_test_images_in_train_are_reported_and_stay(photos):
    lines = ("image,cat,split", "worse.jpg,1,train", "smaller.png,1,val", "photo.png,0,test")
    (photos / "labels.csv").write_text("\n".join((*lines, "other.png,0,train")) + "\n")

    decoded = read_table(
        photos / "labels.csv", images=photos, settings=TableSettings(verify="decode")
    )
    header = read_table(photos / "labels.csv", images=photos)

    (problem,) = [p for p in decoded.problems if p.kind == "near-duplicate in two splits"]
    assert problem.examples == (
        "worse.jpg in train, photo.png in test",
        "smaller.png in val, photo.png in test",
    )
    assert not problem.fatal
    assert len(decoded.image_ids) == 4
    assert not [p for p in header.problems if p.kind == problem.kind]


@pytest.mark.parametrize("seed", range(5))
def test_near_pairs_are_those_that_all_pairs_give(seed):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, 200, dtype=np.uint64)
    for copy in range(100):  # of another one, with up to five bits turned
        turned = rng.choice(64, rng.integers(0, 6), replace=False)
        hashes[100 + copy] = hashes[copy] ^ np.uint64(sum(1 << int(bit) for bit in turned))
    order = rng.integers(0, 3, 200)
    near = np.bitwise_count(hashes[:, None] ^ hashes[None]) <= NEAR
    expected = {int(i) for i, j in zip(*np.nonzero(near), strict=True) if order[i] < order[j]}

    found = dict(near_pairs(hashes, order))

    assert set(found) == expected
    assert all(near[i, j] and order[i] < order[j] for i, j in found.items())


def test_pictures_without_detail_are_like_none():
    plain = np.array([0, 0, 1, 2**64 - 1, 2**64 - 2], dtype=np.uint64)

    assert not list(near_pairs(plain, np.arange(5)))


def test_a_hundred_thousand_pictures_take_a_second_or_two():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 100_000, dtype=np.uint64)
    hashes[50_000:50_010] = hashes[:10]

    start = time.process_time()
    found = dict(near_pairs(hashes, np.arange(100_000) // 50_000))

    assert found == {row: row + 50_000 for row in range(10)}
    assert time.process_time() - start < 5
