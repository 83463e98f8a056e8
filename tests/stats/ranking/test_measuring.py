"""Any number of models, measured once and paired by the number of their seeds."""

import numpy as np
import pytest

from udviz.stats.comparison.gain import label_gains
from udviz.stats.inference.seeds import standard_error
from udviz.stats.ranking.measuring import Measuring, measure
from udviz.stats.ranking.ranked import ranked_columns
from udviz.stats.ranking.ranking import average_precision
from udviz.stats.ranking.score_sets import ScoreSets


@pytest.fixture
def runs(rng):
    targets = (rng.random((500, 4)) < 0.2).astype(np.int8)
    models = {"a": (7, 8, 9), "b": (9, 8), "t": (1,)}
    scores = {
        name: {seed: targets + rng.normal(size=targets.shape) for seed in seeds}
        for name, seeds in models.items()
    }
    return scores, targets


def test_blocks_of_labels_that_are_joined_are_what_all_labels_are(runs):
    scores, targets = runs
    groups = np.arange(500) // 3
    sets = ScoreSets.of(scores)
    arrays = [each for of in scores.values() for each in of.values()]

    def measuring(labels):
        found = Measuring(
            sets,
            n_images=500,
            n_labels=4,
            min_positives=int((targets[:, 0] == 1).sum()) + 1,  # the first label has too few
            hard=np.array([False, True, False, False]),
            groups=groups,
        )
        for ranked in ranked_columns(arrays, targets, labels=labels, groups=groups):
            found.add(ranked)
        return found

    whole, joined = measuring(range(4)), measuring(range(1))
    joined.extend(measuring(range(1, 3)))
    joined.extend(measuring(range(3, 4)))

    expected, found = whole.result(), joined.result()
    for name in ("values", "covariance", "trials", "df", "positives", "known", "supported"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for over, gram in expected.mean_covariance.items():
        np.testing.assert_allclose(found.mean_covariance[over], gram, rtol=1e-12)


def test_models_without_a_common_seed_are_refused(runs):
    scores, targets = runs
    measured = measure(scores, targets, min_positives=1)

    with pytest.raises(ValueError, match=r"got \[7, 8, 9\] of a and \[1\] of t"):
        measured.contrast({"a": -1.0, "t": 1.0})


def test_a_contrast_is_the_gain_of_the_shared_seeds_whatever_else_was_measured(runs):
    scores, targets = runs
    measured = measure(scores, targets, min_positives=1, fixed=frozenset({"t"}))

    change = measured.contrast({"a": -1.0, "b": 1.0})

    alone = label_gains(
        *([scores[name][seed] for seed in (8, 9)] for name in ("a", "b")), targets
    ).table
    np.testing.assert_allclose(change.mean, alone["gain"])
    np.testing.assert_allclose(standard_error(change).se, alone["se"])
    np.testing.assert_allclose(measured.values[0], average_precision(scores["a"][7], targets))


def test_the_seed_variance_of_a_mean_is_its_own_and_known_from_as_many_seeds(rng):
    targets = (rng.random((400, 6)) < 0.2).astype(np.int8)
    runs = {seed: targets * (1 + seed / 9) + rng.normal(size=targets.shape) for seed in range(3)}
    measured = measure({"a": runs}, targets, min_positives=1)

    mean = measured.mean_contrast({"a": 1.0}, over="all")
    error = standard_error(mean)

    own = measured.values.mean(axis=1).var(ddof=1)
    np.testing.assert_allclose(mean.seed_variance, own)
    np.testing.assert_allclose(error.seed_variance, max(0, own - mean.interaction[0]) / 3)
    image = mean.image_variance**2 / mean.image_df
    np.testing.assert_allclose(error.df, error.se**4 / (image + (own / 3) ** 2 / 2))


def test_two_seeds_that_agree_by_chance_in_the_mean_vary_as_their_labels_do(rng):
    targets = (rng.random((3000, 2)) < 0.2).astype(np.int8)
    steps = np.array([[2.0, 1.0], [1.0, 2.0]])  # what one label gains the other loses
    runs = {
        seed: targets * step + rng.normal(size=targets.shape) for seed, step in enumerate(steps)
    }
    measured = measure({"a": runs}, targets, min_positives=1)

    mean = standard_error(measured.mean_contrast({"a": 1.0}, over="all"))

    labels = standard_error(measured.contrast({"a": 1.0}))
    np.testing.assert_allclose(mean.seed_variance, labels.seed_variance.sum() / 4)


@pytest.mark.parametrize("min_positives", [1, 40])
def test_images_repeated_four_times_in_groups_have_the_errors_of_the_images_alone(
    runs, min_positives
):
    scores, targets = runs
    targets[:50, 1] = -1
    times = np.arange(2000) % 500
    alone = measure(scores, targets, min_positives=min_positives)
    names = np.array([f"photo {k}" for k in times])
    repeated = {m: {s: own[times] for s, own in of.items()} for m, of in scores.items()}

    grouped = measure(repeated, targets[times], min_positives=4 * min_positives, groups=names)

    weights = {"a": -1.0, "b": 1.0}
    for one, four in (
        (alone.contrast(weights), grouped.contrast(weights)),
        *(
            (alone.mean_contrast(weights, over=s), grouped.mean_contrast(weights, over=s))
            for s in ("all", "supported")
        ),
    ):
        np.testing.assert_allclose(four.mean, one.mean)
        np.testing.assert_allclose(standard_error(four).se, standard_error(one).se)
        np.testing.assert_allclose(standard_error(four).df, standard_error(one).df)
    as_if = measure(repeated, targets[times], min_positives=1).contrast(weights)
    assert (as_if.image_variance < 0.26 * alone.contrast(weights).image_variance).all()


def test_a_group_per_image_changes_nothing_and_too_few_are_refused(runs):
    scores, targets = runs
    alone, grouped = (
        measure(scores, targets, min_positives=1, groups=groups)
        for groups in (None, np.arange(500).astype(str))
    )

    np.testing.assert_allclose(grouped.covariance, alone.covariance)
    with pytest.raises(ValueError, match="group of each of 500 images, got shape"):
        measure(scores, targets, min_positives=1, groups=np.arange(4))
