from itertools import chain

import numpy as np
import pytest
import torch

from tests.training.tiny import image_rows
from udviz.training import distributed
from udviz.training.batches import BlockSteps, EpochSteps, ImageRows, loader

INDICES = np.arange(100, 150)


def be_process(monkeypatch, rank, n_processes):
    monkeypatch.setattr(distributed, "rank", lambda: rank)
    monkeypatch.setattr(distributed, "world_size", lambda: n_processes)


def epoch_steps(**changes):
    return EpochSteps(INDICES, **{"batch_size": 10, "seed": 3, "epoch": 0} | changes)


def test_an_epoch_holds_every_image_once():
    batches = list(epoch_steps())

    assert [len(batch) for batch in batches] == [10] * 5
    assert sorted(chain(*batches)) == INDICES.tolist()


def test_a_last_incomplete_batch_is_dropped():
    batches = list(epoch_steps(batch_size=16))

    assert [len(batch) for batch in batches] == [16] * 3
    assert len(set(chain(*batches))) == 48


def test_a_batch_larger_than_the_split_holds_the_split():
    (batch,) = epoch_steps(batch_size=64)

    assert sorted(batch) == INDICES.tolist()


def test_order_changes_with_epoch_and_seed_and_with_nothing_else():
    first = list(epoch_steps())

    assert list(epoch_steps()) == first
    assert list(epoch_steps(epoch=1)) != first
    assert list(epoch_steps(seed=4)) != first


@pytest.mark.parametrize("first_step", [0, 1, 4, 5])
def test_resuming_gives_the_batches_that_were_left(first_step):
    rest = epoch_steps(first_step=first_step)

    assert len(rest) == 5 - first_step
    assert list(rest) == list(epoch_steps())[first_step:]


@pytest.mark.parametrize("n_processes", [2, 5])
def test_processes_share_out_each_batch(monkeypatch, n_processes):
    whole = list(epoch_steps())

    shares = []
    for rank in range(n_processes):
        be_process(monkeypatch, rank, n_processes)
        shares.append(list(epoch_steps()))

    assert [list(chain(*parts)) for parts in zip(*shares, strict=True)] == whole
    assert {len(share) for rank in shares for share in rank} == {10 // n_processes}


def test_a_batch_that_cannot_be_shared_equally_is_refused(monkeypatch):
    be_process(monkeypatch, 0, 3)

    with pytest.raises(ValueError, match="`batch_size` must be a multiple of the 3 processes"):
        epoch_steps()


@pytest.mark.parametrize("n_images", [1, 4, 5, 8, 9])
@pytest.mark.parametrize("n_processes", [1, 2, 3, 4])
def test_blocks_hold_every_image_once_in_order(monkeypatch, n_images, n_processes):
    indices = np.arange(n_images)
    shares = []
    for rank in range(n_processes):
        be_process(monkeypatch, rank, n_processes)
        steps = BlockSteps(indices, batch_size=4)
        shares.append(list(steps))

    for place, *parts in zip(steps.places, *shares, strict=True):
        size = place.stop - place.start
        assert all(parts), "a process without images cannot take part in gathering"
        assert list(chain(*parts))[:size] == indices[place].tolist()


def test_rows_hold_pixels_and_targets_of_the_images_asked_for():
    rows = image_rows()

    pixels, targets = rows.__getitems__([3, 1])

    np.testing.assert_array_equal(pixels, rows.pixels[[3, 1]])
    np.testing.assert_array_equal(targets, rows.targets[[3, 1]])
    assert (pixels.dtype, targets.dtype) == (torch.uint8, torch.int8)


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_give_the_batches_in_order(workers):
    pixels = np.arange(50, dtype=np.uint8)[:, None, None, None].repeat(3, 3)
    rows = ImageRows(pixels, np.zeros((50, 1), np.int8))
    steps = EpochSteps(np.arange(50), batch_size=7, seed=0, epoch=0)

    seen = [
        batch[:, 0, 0, 0].tolist() for batch, _ in loader(rows, steps, workers=workers, pin=False)
    ]

    assert seen == list(steps)
