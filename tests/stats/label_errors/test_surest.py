import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from udviz.stats.comparison.gain import corrected
from udviz.stats.difficulty.causes import cause_evidence
from udviz.stats.label_errors.surest import (
    COUNTS,
    outlier_images,
    surest_counts,
    surest_images,
    unmarked_p_value,
)
from udviz.stats.label_errors.suspects import Suspects, find_suspects
from udviz.stats.labels.probabilities import prob_logits

N_LABELS = 24
NAMES = [f"genre {k}" for k in range(N_LABELS)]


def suspects_of(probs: np.ndarray, targets: np.ndarray, **settings) -> Suspects:
    return find_suspects(prob_logits(probs), targets, label_names=NAMES, **settings)


def drawn(
    rng: np.random.Generator, *, n_outliers: int, n_images: int = 150
) -> tuple[np.ndarray, np.ndarray]:
    """Exact probabilities of 24 labels, but for images on which 18 saturate."""
    probs = rng.beta(0.25, 1.5, size=(n_images, N_LABELS))
    targets = (rng.random(probs.shape) < probs).astype(np.int8)
    probs[:n_outliers, :18] = rng.uniform(0.8, 0.999, size=(n_outliers, 18))
    targets[:n_outliers, :18] = 0
    return probs, targets


def judged(probs: np.ndarray, targets: np.ndarray) -> tuple[int, int]:
    """Labels whose surest images lack more marks than chance explains; images set apart."""
    images, nothing = np.arange(len(probs)), np.zeros(len(probs), dtype=bool)
    surest = [
        surest_images(prob, target == 1, images, explained=nothing)
        for prob, target in zip(probs.T, targets.T, strict=True)
    ]
    outliers = outlier_images(surest, targets.sum(axis=1))
    apart = np.isin(images, outliers["image"])
    counts = pd.DataFrame([surest_counts(found.without(apart)) for found in surest])
    q = corrected(unmarked_p_value(counts), correction="bh")
    return int((q <= 0.05).sum()), len(outliers)


@pytest.mark.parametrize("n_outliers", [0, 2, 5])
def test_in_200_draws_no_label_is_named_for_images_on_which_the_model_saturates(rng, n_outliers):
    found = [judged(*drawn(rng, n_outliers=n_outliers)) for _ in range(200)]

    assert sum(named for named, _ in found) == 0
    assert {apart for _, apart in found} == {n_outliers}


def test_no_label_is_named_where_none_of_the_surest_images_is_marked(rng):
    logits = rng.normal(-3.0, 1.0, size=(400, N_LABELS))
    targets = (rng.random(logits.shape) < 0.05).astype(np.int8)
    logits[:2] = 4.0  # two images that the model is sure of, for a model that knows nothing
    targets[:2] = 0

    evidence = cause_evidence(logits, targets, label_names=NAMES)

    assert not evidence["missing annotations"].any()
    assert evidence["suspect_q"].isna().all()


def test_outliers_are_sure_of_more_labels_than_nearly_all_images_carry():
    prob = np.full(200, 0.1)
    prob[:30] = 0.9
    target = np.zeros(200, dtype=bool)
    target[2:30] = True
    sure = surest_images(prob, target, np.arange(200), explained=np.zeros(200, dtype=bool))

    outliers = outlier_images([sure] * 6, np.full(200, 3))

    assert outliers["image"].tolist() == [0, 1]
    assert outliers["unmarked"].tolist() == [6, 6]
    assert outliers["columns"].tolist() == [list(range(6))] * 2
    assert outlier_images([sure] * 6, np.full(200, 6)).empty  # images carry as many
    assert outlier_images([sure] * 4, np.full(200, 3)).empty  # four labels may go together


def test_outliers_do_not_count_among_the_surest_images(rng):
    probs, targets = drawn(rng, n_outliers=3)

    counts = suspects_of(probs, targets).counts

    clean = suspects_of(probs[3:], targets[3:]).counts
    surest = list(COUNTS)  # the outliers carry some of the other six labels
    pd.testing.assert_frame_equal(counts.loc[:17, surest], clean.loc[:17, surest])


def test_p_is_the_larger_of_the_binomials_and_that_of_the_spread_shown():
    counts = pd.DataFrame(
        {
            "surest_marked": [18.0, 18.0, 20.0, 9.0, np.nan],
            "surest_unmarked": [3.0, 3.0, 0.0, 3.0, np.nan],
            "surest_expected": [2.0, 2.0, 0.0, 2.0, np.nan],  # 20 trials of 0.1
            "surest_expected_sd": [1.8**0.5, 1.8**0.5, 0.0, 1.8**0.5, np.nan],
            "surest_excess_sd": [0.5, 4.0, 0.0, 0.5, np.nan],
        }
    )

    p = unmarked_p_value(counts)

    np.testing.assert_allclose(p[:3], [binom.sf(2, 20, 0.1), norm.sf(0.25), 1.0])
    assert np.isnan(p[3:]).all()  # nine marked ones are too few


def test_exact_probabilities_are_rarely_called_unmarked(rng):
    probs = rng.beta(0.5, 1.5, size=(1000, N_LABELS * 8))
    targets = (rng.random(probs.shape) < probs).astype(np.int8)

    p = unmarked_p_value(
        find_suspects(
            prob_logits(probs), targets, label_names=[str(k) for k in range(probs.shape[1])]
        ).counts
    )

    assert 0.01 < (p <= 0.05).mean() < 0.09


def test_images_of_one_group_count_as_one(rng):
    probs, targets = drawn(rng, n_outliers=0, n_images=300)
    thrice = np.repeat(np.arange(300), 3)

    grouped = suspects_of(np.repeat(probs, 3, 0), np.repeat(targets, 3, 0), groups=thrice).counts

    alone = suspects_of(probs, targets).counts
    np.testing.assert_allclose(grouped["surest_excess_sd"], 3 * alone["surest_excess_sd"])


def test_images_that_a_confused_label_explains_are_not_among_the_surest():
    prob, target = np.array([0.9, 0.95, 0.92, 0.2]), np.array([True, False, False, False])

    found = surest_images(
        prob, target, np.arange(4), explained=np.array([False, True, False, False])
    )

    assert found.images.tolist() == [0, 2]
    assert found.marked.tolist() == [True, False]
