"""Rankings and comparisons of named models, against the statistics of their runs alone."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.analysis.conftest import NAMES, SEEDS, opened, plan_of, tables_of
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.compared import compared_job
from udviz.predictions.manifest import file_crc32
from udviz.stats.comparison.contributions import image_contributions
from udviz.stats.comparison.gain import corrected, label_gains, p_of_tested
from udviz.stats.comparison.gap import gap_closed
from udviz.stats.difficulty.ranks import difficulty_ranks
from udviz.stats.ranking.ranking import average_precision, label_ranking
from udviz.studies.models import Model

TRAIN = np.array([10, 100, 200])
HARD = np.array([True, False, False])


@pytest.fixture
def found(caches):
    return tables_of(compared_job(plan_of(), opened(caches), TRAIN, HARD))


def logits_of(caches, model, seeds=None):
    runs = opened(caches).models[model]
    return [np.asarray(runs[seed].logits) for seed in (seeds or SEEDS[model])]


def targets_of(caches):
    return opened(caches).targets


def test_every_model_has_the_ranking_of_its_own_runs(found, caches):
    for model in SEEDS:
        alone = label_ranking(logits_of(caches, model), targets_of(caches), min_positives=5)
        own = found["ranking"][found["ranking"]["model"] == model]
        for end in ("", "_low", "_high"):
            np.testing.assert_allclose(own[f"average_precision{end}"], alone.table[f"ap{end}"])
        row = found["means"].set_index("model").loc[model]
        assert row["mean_ap"] == pytest.approx(alone.mean_ap.value)
        assert row["mean_ap_low"] == pytest.approx(alone.mean_ap.low)


def test_a_comparison_pairs_runs_by_the_number_of_their_seed_and_not_by_place(found, caches):
    targets = targets_of(caches)
    before, after = (logits_of(caches, model, (3, 5)) for model in ("baseline", "kd"))
    paired = label_gains(before, after, targets, min_positives=5)
    crossed = label_gains(before, after[::-1], targets, min_positives=5)

    rows = found["comparisons"]
    rows = rows[(rows["after"] == "kd") & (rows["before"] == "baseline")]
    labels, mean = rows[rows["scope"] == "label"], rows[rows["scope"] == "mean"].iloc[0]
    for column in ("before_value", "before_value_low", "gain", "gain_low", "gain_high", "p"):
        np.testing.assert_allclose(labels[column], paired.table[column])
    assert (labels["gain_low"].to_numpy() != crossed.table["gain_low"].to_numpy()).any()
    assert (mean["gain"], mean["gain_low"]) == pytest.approx(
        (paired.mean_gain.gain, paired.mean_gain.low)
    )
    assert (labels["seeds"] == 2).all()
    assert labels["includes_seeds"].all()


def test_a_comparison_uses_the_seeds_that_both_have_and_the_one_teacher_stands_for_all(
    found, caches
):
    targets = targets_of(caches)
    rows = found["comparisons"][found["comparisons"]["scope"] == "label"].set_index("after")

    alone = label_gains(logits_of(caches, "baseline", (5,)), logits_of(caches, "lonely"), targets)
    np.testing.assert_allclose(rows.loc["lonely", "gain"], alone.table["gain"])
    assert not rows.loc["lonely", "includes_seeds"].any()
    teacher = logits_of(caches, "teacher") * 2
    kd = label_gains(teacher, logits_of(caches, "kd"), targets).table
    own = rows.loc["kd"]
    np.testing.assert_allclose(own[own["before"] == "teacher"]["gain_low"], kd["gain_low"])


def test_q_values_are_held_over_all_labels_of_all_comparisons(found):
    rows = found["comparisons"][found["comparisons"]["scope"] == "label"]

    q = corrected(p_of_tested(rows.assign(positives=100)), correction="bh")
    assert np.isfinite(q).sum() == 9
    np.testing.assert_allclose(rows["q"], q)
    own = rows[(rows["after"] == "kd") & (rows["before"] == "baseline")]
    assert (own["q"].to_numpy()[0] > corrected(own["p"].to_numpy(), correction="bh")[0]).all()


def test_models_without_a_common_seed_cannot_be_compared(caches):
    caches.joinpath("kd-3").rename(caches / "three-3")
    places = {
        name: {seed: caches / f"{name}-{seed}" / "predictions" / "test"}
        for name, seed in (("lonely", 5), ("three", 3))
    }
    split = SplitPredictions.open("test", places)
    models = tuple(Model(name, "student", tuple(runs), "drawn") for name, runs in places.items())
    plan = plan_of(models=models, comparisons=(("lonely", "three"),), reference="lonely")

    with pytest.raises(ValueError, match=r"Seeds must be paired, got \[5\] of lonely and \[3\]"):
        tables_of(compared_job(plan, split, TRAIN, HARD))


def test_the_gap_is_that_to_the_teacher_and_not_told_where_it_is_compared_itself(found, caches):
    targets = targets_of(caches)
    closed = gap_closed(
        *(logits_of(caches, model, (3, 5)) for model in ("baseline", "kd")),
        logits_of(caches, "teacher"),
        targets,
    )

    gap = found["gap"]
    assert set(zip(gap["before"], gap["after"], strict=True)) == {
        ("baseline", "kd"),
        ("baseline", "lonely"),
    }
    own = gap[gap["after"] == "kd"]
    for column in ("gap", "gain", "closed", "closed_low"):
        np.testing.assert_allclose(own[column], closed.table[column])


def test_a_study_without_a_teacher_has_rankings_and_gains_and_no_gap(caches):
    plan = plan_of()
    plan = plan_of(
        models=tuple(m for m in plan.models if m.kind != "teacher"),
        comparisons=(("baseline", "kd"),),
        reference="kd",
    )

    found = tables_of(
        compared_job(plan, opened(caches, models=("baseline", "kd", "lonely")), TRAIN, HARD)
    )

    assert found["gap"].empty
    assert len(found["comparisons"]) == 3 + 3  # labels and means
    ranks = difficulty_ranks(logits_of(caches, "kd"), targets_of(caches), label_names=NAMES)
    pd.testing.assert_frame_equal(
        found["difficulty"][["difficulty", "difficulty_low"]],
        ranks[["difficulty", "difficulty_low"]],
    )


def test_well_trained_labels_have_their_own_mean(found, caches):
    row = found["means"].set_index("model").loc["baseline"]

    by_run = [average_precision(run, targets_of(caches)) for run in logits_of(caches, "baseline")]
    means = np.array(by_run)[:, 1:].mean(axis=1)
    assert row["n_trained"] == 2
    assert row["mean_ap_trained"] == pytest.approx(means.mean())
    assert row["mean_ap_trained_seed_sd"] == pytest.approx(abs(means[0] - means[1]) / np.sqrt(2))


def test_contributions_name_the_images_at_both_ends(found, caches):
    table = found["contributions"]
    red = table[(table["label"] == "red") & (table["after"] == "kd")]
    red = red[red["before"] == "baseline"]

    alone = image_contributions(
        *(logits_of(caches, model, (3, 5)) for model in ("baseline", "kd")),
        targets_of(caches),
        label=0,
        most=25,
    )
    assert len(red) == 50
    assert red["image"].tolist() == alone["image"].tolist()
    np.testing.assert_allclose(red["contribution"], alone["contribution"])
    assert (red["image_id"] == [f"test{image}" for image in red["image"]]).all()


def test_a_gain_without_its_few_images_is_told_of_labels_and_of_the_mean(found, caches):
    rows = found["comparisons"].query("before == 'baseline' and after == 'kd'")
    red, mean = rows[rows["label"] == "red"].iloc[0], rows[rows["scope"] == "mean"].iloc[0]

    assert red["verdict"] == "helped"
    assert 0 < red["gain_without_few"] < red["gain"]
    assert mean["gain_without_few"] < mean["gain"]
    assert not rows["rests_on_few"].any()
    assert not rows["clustered"].any()


def test_groups_of_the_images_widen_what_rests_on_them(found, caches):
    for images in caches.glob("*/predictions/test/images.parquet"):
        frame = pd.read_parquet(images)
        frame.assign(group=[f"film {k // 4}" for k in frame["row"]]).to_parquet(images, index=False)
        manifest = images.with_name("manifest.json")
        known = json.loads(manifest.read_text())
        size, crc = images.stat().st_size, file_crc32(images)
        known["files"][images.name] = {"bytes": size, "crc32": crc}
        manifest.write_text(json.dumps(known))

    grouped = tables_of(compared_job(plan_of(), opened(caches), TRAIN, HARD))

    before, after = found["comparisons"], grouped["comparisons"]
    assert after["clustered"].all()
    np.testing.assert_allclose(after["gain"], before["gain"])
    assert (after["gain_high"] != before["gain_high"]).any()
    assert (grouped["difficulty"]["rank_high"] >= 1).all()
