import numpy as np
import pandas as pd
import pytest

from udviz.stats.difficulty.actions import label_actions, worth_fixing, wrong_decisions


@pytest.fixture
def labels():
    """Rows of `labels`: a cat on 20 of 100 images, a dog on 40, an owl on none."""
    return pd.DataFrame(
        {
            "label": ["cat", "dog", "owl"],
            "positives": [20, 40, 0],
            "known": [100, 100, 100],
            "supported": [True, True, False],
            "causes": ["", "", ""],
            "train_positives": [10.0, 200.0, 300.0],
            "expected_ap": [0.75, 0.75, np.nan],
            "doubted_missing": [15.0, 0.0, np.nan],
            "doubted_extra": [3.0, 0.0, np.nan],
            "doubted_missing_unexplained": [12.0, 0.0, np.nan],
            "surest_marked": [10.0, 20.0, np.nan],
            "surest_unmarked": [8.0, 0.0, np.nan],
            "surest_expected": [2.0, 0.0, np.nan],
            "suspect_q": [0.01, 1.0, np.nan],
            "miscalibration_q": [0.5, 0.5, np.nan],
        }
    )


@pytest.fixture
def scores():
    """Of the teacher: 20 + 10 wrong decisions on cats, 30 + 10 on dogs, 10 on owls."""
    return pd.DataFrame(
        {
            "model": "teacher",
            "label": ["cat", "dog", "owl"],
            "false_positive_rate": [0.25, 0.5, 0.1],
            "recall": [0.5, 0.75, np.nan],
            "threshold_chosen": [True, True, False],
            "average_precision": [0.5, 0.7, np.nan],
            "average_precision_low": [0.4, 0.6, np.nan],
            "average_precision_high": [0.6, 0.8, np.nan],
        }
    )


@pytest.fixture
def confusions():
    """The cat is wrongly seen beside the dog."""
    return pd.DataFrame(
        {
            "label": ["cat"],
            "partner": ["dog"],
            "false_positives": [6],
            "lift": [4.0],
            "lift_low": [3.1],
            "lift_high": [5.2],
            "share": [0.6],
            "rate": [0.5],
            "rate_without": [0.125],
        }
    )


@pytest.fixture
def calibration():
    """Isotonic regression has the lowest Brier score on cats, but a higher ECE than none."""
    return pd.DataFrame(
        {
            "label": ["cat"] * 4 + ["dog"] * 2,
            "recalibration": ["none", "temperature", "platt", "isotonic", "none", "platt"],
            "brier": [0.20, 0.18, 0.15, 0.14, 0.10, 0.11],
            "nll": [0.60, 0.55, 0.50, 0.50, 0.30, 0.29],
            "ece": [0.10, 0.06, 0.04, 0.12, 0.05, 0.02],
        }
    )


@pytest.fixture
def gaps():
    """On validation the teacher is clearly better on dogs, and not on cats."""
    return pd.DataFrame(
        {
            "label": ["cat", "dog", "owl"],
            "before": "baseline",
            "teacher": "teacher",
            "gap": [0.01, 0.2, np.nan],
            "bounded": [False, True, False],
        }
    )


@pytest.fixture
def act(scores, confusions, calibration, gaps):
    """`label_actions` with no evidence but what is asked for."""
    given = {"confusions": confusions, "calibration": calibration, "gaps": gaps}

    def act(labels, *tables, **settings):
        known = {name: t if name in tables else t.iloc[:0] for name, t in given.items()}
        return label_actions(labels, scores, reference="teacher", **known, **settings)

    return act


def only(actions, action):
    """The one row there is, which must be of this action."""
    assert actions["action"].tolist() == [action]
    return actions.iloc[0]


def test_wrong_decisions_are_counted_by_hand_and_a_label_without_positives_misses_none(
    labels, scores
):
    wrong = wrong_decisions(labels, scores)

    assert wrong["false_positives"].tolist() == [20.0, 30.0, 10.0]
    assert wrong["false_negatives"].tolist() == [10.0, 10.0, 0.0]
    assert wrong["errors"].tolist() == [30.0, 40.0, 10.0]


def test_without_evidence_there_is_no_action(labels, act):
    assert act(labels).empty
    assert worth_fixing(act(labels)).empty


def test_a_pair_saves_the_false_positives_beside_the_partner_beyond_the_rate_elsewhere(labels, act):
    row = only(act(labels, "confusions"), "tell apart")

    assert (row["label"], row["partner"]) == ("cat", "dog")
    assert row["errors"] == 30
    assert row["saved"] == pytest.approx(20 * 0.6 * (1 - 0.125 / 0.5))


def test_reviewing_saves_the_share_of_the_doubts_that_the_models_errors_do_not_explain(labels, act):
    labels.loc[0, "causes"] = "rare, missing annotations"
    labels["train_positives"] = np.nan

    row = only(act(labels), "review annotations")

    assert row["saved"] == pytest.approx(12 * (1 - 2 / 8))
    labels.loc[0, "doubted_missing_unexplained"] = 90.0
    assert only(act(labels), "review annotations")["saved"] == 20  # all false positives
    assert np.isnan(only(act(labels, training_judged=True), "review annotations")["saved"])


def test_more_images_are_advised_where_a_rare_label_is_clearly_ranked_worse(labels, act):
    labels["causes"] = "rare"

    row = only(act(labels), "add images")  # the dog's interval holds 0.75

    assert row["label"] == "cat"
    assert row["saved"] == pytest.approx(30 * (0.75 - 0.5) / (1 - 0.5))
    assert (row["train_positives"], row["train_median"]) == (10, 200)


@pytest.mark.parametrize(
    "changed",
    [{"supported": False}, {"train_positives": np.nan}, {"expected_ap": 0.55}, {"causes": "small"}],
)
def test_more_images_are_not_advised_without_all_of_the_evidence(labels, act, changed):
    assert act(labels.assign(**{"causes": "rare"} | changed)).empty


def test_a_teacher_that_is_not_clearly_better_and_ranks_badly_saves_nobody_knows_what(labels, act):
    row = only(act(labels, "gaps"), "improve the teacher")

    assert (row["label"], row["before"], row["gap"]) == ("cat", "baseline", 0.01)
    assert np.isnan(row["saved"])
    labels["expected_ap"] = 0.55
    assert act(labels, "gaps").empty


def test_the_recalibration_that_lowers_all_errors_most_is_advised_where_it_is_needed(labels, act):
    assert act(labels, "calibration").empty  # calibrated, as far as one can tell

    row = only(act(labels.assign(miscalibration_q=0.01), "calibration"), "recalibrate")

    assert (row["label"], row["recalibration"]) == ("cat", "platt")
    assert (row["brier_before"], row["brier_after"]) == (0.20, 0.15)
    assert (row["ece_before"], row["ece_after"]) == (0.10, 0.04)
    assert row["saved"] == 0


def test_what_recalibration_does_to_decisions_at_even_odds_is_not_known(labels, scores, act):
    scores["threshold_chosen"] = False

    row = only(act(labels.assign(miscalibration_q=0.01), "calibration"), "recalibrate")

    assert np.isnan(row["saved"])


def test_most_worth_fixing_is_what_could_save_most_and_the_unknown_comes_last(labels, act):
    labels["causes"] = ["rare, missing annotations", "", ""]
    labels["miscalibration_q"] = 0.01

    actions = act(labels, "confusions", "calibration", "gaps")

    order = ["add images", "tell apart", "review annotations"]  # 15, then 9 and 9
    assert actions["saved"].tolist()[:4] == pytest.approx([15, 9, 9, 0])
    assert sorted(actions["action"][1:3]) == sorted(order[1:])
    assert actions["action"].tolist()[3:] == ["recalibrate", "improve the teacher"]
    assert worth_fixing(actions)["action"].tolist()[3:] == ["improve the teacher"]


def test_decisions_are_those_of_the_reference_and_no_action_saves_more_than_there_are(labels, act):
    labels["causes"] = "rare"
    labels["expected_ap"] = 1.0

    actions = act(labels, "confusions")

    assert (actions["saved"] <= actions["errors"]).all()
