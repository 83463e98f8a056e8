import os
import subprocess
import sys

import numpy as np
import pytest

from udviz.data.problems import ProblemLog
from udviz.data.splits import complete_splits, is_split_column, shares_with, splits_of_column

IDS = [f"{index}.jpg" for index in range(4000)]
SHARES = (0.5, 0.25, 0.25)


def draw(ids, targets=None, *, given=None, log=None, fractions=SHARES, **settings):
    targets = np.zeros((len(ids), 0), dtype=np.int8) if targets is None else targets
    given = np.full(len(ids), "", dtype="<U5") if given is None else np.array(given, dtype="<U5")
    return complete_splits(
        given, targets, ids, log or ProblemLog(), fractions=fractions, **settings
    )


def test_the_shares_come_out_about_as_asked():
    splits = draw(IDS, fractions=(0.7, 0.1, 0.2))

    shares = [(splits == split).mean() for split in ("train", "val", "test")]
    np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.025)  # 3 standard errors


def test_an_image_keeps_its_split_whatever_the_order_of_the_table():
    targets = (np.arange(len(IDS)) % 50 == 0).astype(np.int8)[:, None]
    whole = dict(zip(IDS, draw(IDS, targets), strict=True))

    assert [whole[image_id] for image_id in IDS[::-1]] == draw(IDS[::-1], targets[::-1]).tolist()


def test_the_drawing_never_changes_between_versions():
    drawn = draw(IDS[:8])

    assert drawn.tolist() == ["train", "val", "train", "train", "train", "val", "val", "test"]


def test_the_drawing_is_the_same_in_every_process():
    program = (
        "import numpy as np; from udviz.data.problems import ProblemLog;"
        "from udviz.data.splits import complete_splits;"
        "ids = list('abcd'); targets = np.zeros((4, 1), np.int8); given = np.full(4, '', '<U5');"
        "print(complete_splits(given, targets, ids, ProblemLog(), fractions=(0.98, 0.01, 0.01)))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in range(4)
    }

    assert len(outputs) == 1


def test_another_seed_draws_another_split():
    assert (draw(IDS, seed=0) != draw(IDS, seed=1)).any()


def test_a_rare_label_is_in_every_split():
    targets = np.zeros((len(IDS), 2), dtype=np.int8)
    targets[[5, 9, 700, 1234], 0] = 1
    targets[100:110, 1] = 1

    splits = draw(IDS, targets)

    assert set(splits[targets[:, 0] == 1]) == {"train", "val", "test"}
    assert sorted((splits[targets[:, 1] == 1] == s).sum() for s in ("train", "val", "test")) in (
        [2, 3, 5],
        [3, 3, 4],
    )


def test_groups_stay_together():
    groups = [f"patient {index // 8}" for index in range(len(IDS))]
    targets = (np.arange(len(IDS)) % 97 == 0).astype(np.int8)[:, None]

    splits = draw(IDS, targets, groups=groups)

    assert all(len(set(splits[start : start + 8])) == 1 for start in range(0, len(IDS), 8))
    assert set(splits) == {"train", "val", "test"}


def test_of_three_images_each_split_gets_one():
    assert sorted(draw(["a", "b", "c"], fractions=(0.98, 0.01, 0.01))) == ["test", "train", "val"]


def test_what_is_given_is_kept_and_val_is_drawn_from_train():
    given = ["train"] * 3000 + ["test"] * 1000
    log = ProblemLog()

    splits = draw(IDS, given=given, log=log)

    assert (splits[3000:] == "test").all()
    assert "test" not in splits[:3000]
    assert (splits[:3000] == "val").mean() == pytest.approx(0.25, abs=0.03)
    assert "drawn from train" in log.guesses[0].what


def test_without_a_test_split_val_is_it_and_val_is_drawn_from_train():
    splits = draw(IDS, given=["train"] * 3000 + ["val"] * 1000)

    assert (splits[3000:] == "test").all()
    assert set(splits[:3000]) == {"train", "val"}


def test_without_training_images_it_is_refused():
    with pytest.raises(ValueError, match=r"must have images in its train split, got only test"):
        draw(["a", "b"], given=["test", "test"])


@pytest.mark.parametrize(
    ("name", "cells", "splits"),
    [
        ("Split", ["Training", " valid", "dev", "TEST"], ["train", "val", "val", "test"]),
        ("subset", ["trainval", "test"], ["train", "test"]),
        ("partition", ["0", "1", "2"], ["train", "val", "test"]),
        ("is_valid", ["True", "False", "0"], ["val", "train", "train"]),
        ("isTest", ["1", "0"], ["test", "train"]),
    ],
)
def test_a_column_of_splits_is_known_by_its_name_and_its_values(name, cells, splits):
    assert is_split_column(name, cells)
    assert splits_of_column(name, cells, cells, ProblemLog()).tolist() == splits


@pytest.mark.parametrize(
    ("name", "cells"),
    [("cat", ["0", "1"]), ("set", ["0", "1", "7"]), ("fold", ["0", "1"]), ("Split", ["0", "red"])],
)
def test_another_column_is_none(name, cells):
    assert not is_split_column(name, cells)


def test_rows_without_a_split_that_is_known_are_noted():
    log = ProblemLog()

    splits = splits_of_column("split", ["train", "x", ""], list("abc"), log)

    assert splits.tolist() == ["train", "", ""]
    assert {p.kind: p.examples for p in log.problems()} == {
        "unknown split": ("b: x",),
        "image without a split": ("c",),
    }


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.5, 0.6, -0.1), (0.5, 0.5, 0.5)])
def test_shares_that_do_not_sum_to_one_are_refused(fractions):
    with pytest.raises(ValueError, match=r"--data\.split_fractions: must be three shares"):
        draw(IDS, fractions=fractions)


def test_a_share_of_val_leaves_room_for_train():
    assert shares_with(0.9) == pytest.approx((0.08, 0.9, 0.02))
    with pytest.raises(ValueError, match=r"--data\.val_fraction: must lie in \[0, 1\), got 1"):
        shares_with(1)
