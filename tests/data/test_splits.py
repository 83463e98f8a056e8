import numpy as np
import pytest

from udviz.data.problems import ProblemLog
from udviz.data.splits import hold_out, note_unknown_splits, split_by_hash

IDS = [f"{index}.jpg" for index in range(4000)]


def test_the_shares_come_out_about_as_asked():
    splits = split_by_hash(IDS, fractions=(0.7, 0.1, 0.2))

    shares = [(splits == split).mean() for split in ("train", "val", "test")]
    np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.025)  # 3 standard errors


def test_an_image_keeps_its_split_whatever_the_others_are():
    whole = dict(zip(IDS, split_by_hash(IDS, fractions=(0.5, 0.25, 0.25)), strict=True))
    part = split_by_hash(IDS[::-3], fractions=(0.5, 0.25, 0.25))

    assert [whole[image_id] for image_id in IDS[::-3]] == part.tolist()


def test_the_drawing_never_changes_between_versions():
    drawn = split_by_hash(IDS[:8], fractions=(0.5, 0.25, 0.25))

    assert drawn.tolist() == ["train", "val", "train", "train", "train", "val", "val", "test"]


def test_another_seed_draws_another_split():
    one, two = (split_by_hash(IDS, fractions=(0.5, 0.25, 0.25), seed=seed) for seed in (0, 1))

    assert (one != two).any()


def test_a_share_of_zero_is_empty():
    assert set(hold_out(IDS, fraction=0).tolist()) == {"train"}
    assert set(split_by_hash(IDS, fractions=(0, 1, 0)).tolist()) == {"val"}


def test_names_in_use_are_turned_into_ours():
    log = ProblemLog()

    splits = note_unknown_splits(
        ["Training", " valid", "dev", "TEST", "x", ""], list("abcdef"), log
    )

    assert splits.tolist() == ["train", "val", "val", "test", "", ""]
    assert {p.kind: p.examples for p in log.problems()} == {
        "unknown split": ("e: x",),
        "image without a split": ("f",),
    }


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.5, 0.6, -0.1), (0.5, 0.5, 0.5)])
def test_shares_that_do_not_sum_to_one_are_refused(fractions):
    with pytest.raises(ValueError, match="`split_fractions` must be three shares"):
        split_by_hash(IDS, fractions=fractions)


def test_holding_out_everything_is_refused():
    with pytest.raises(ValueError, match=r"`val_fraction` must lie in \[0, 1\), got 1"):
        hold_out(IDS, fraction=1)
