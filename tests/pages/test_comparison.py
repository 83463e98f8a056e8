"""The Gains page compares any two runs."""

import json
import shutil

import numpy as np
import pytest

from tests.pages.caches import cache_of, write_cache, write_caches
from tests.pages.scenes import write_scenes
from tests.pages.seen import charts, table_with, texts
from tests.pages.synthetic import names_of, table_of, write_study
from udviz.predictions.cache import open_predictions
from udviz.predictions.manifest import MANIFEST
from udviz.stats.comparison.contributions import image_contributions
from udviz.stats.comparison.gain import label_gains
from udviz.ui.gains import comparison as page_part
from udviz.ui.gains import photos

GAINS = "pages/3_Gains.py"


@pytest.fixture
def small(runs):
    """A study of scenes with predictions of three models, one run each."""
    return write_scenes(runs / "small")


@pytest.fixture
def seeds(runs):
    """A study of three seeds with predictions of 300 images and 5 labels."""
    study = write_study(runs / "seeds", names=names_of(5), n_seeds=3)
    write_caches(study)
    rng = np.random.default_rng(1)
    for model in ("baseline", "distilled"):
        first = open_predictions(cache_of(study, model, "test"))
        for seed in (1, 2):
            logits = np.asarray(first.logits) + rng.normal(0, 0.5, first.logits.shape)
            folder = study / f"{model}-{seed}" / "predictions" / "test"
            write_cache(folder, logits, np.asarray(first.targets), names=first.label_names)
    return study


def runs_of(study, *names):
    return [open_predictions(study / name / "predictions" / "test") for name in names]


def expected_gains(before, after):
    scores = [[run.logits for run in side] for side in (before, after)]
    return label_gains(*scores, before[0].targets).table.assign(label=before[0].label_names)


def table(app):
    return table_with(app, "Gain").set_index("Label")


def options(app, key):
    return app.selectbox(key=key).options


def test_the_analysed_pair_is_compared_at_first(small, open_app):
    app = open_app(GAINS)

    rows = table_of(small, "comparisons").query("split == 'test' and scope == 'label'")
    assert options(app, "before") == ["teacher", "baseline", "distilled"]
    assert (app.selectbox(key="before").value, app.selectbox(key="after").value) == (
        "baseline",
        "distilled",
    )
    assert table(app)["Gain"].to_dict() == rows.set_index("label")["gain"].to_dict()
    assert "Computed here" not in texts(app)


def test_two_other_runs_are_compared_as_the_statistics_do(small, open_app):
    app = open_app(GAINS, before="teacher", after="distilled")

    expected = expected_gains(runs_of(small, "teacher"), runs_of(small, "distilled-0"))
    expected = expected.set_index("label").dropna(subset="gain")
    shown = table(app)
    assert len(shown) == len(expected)
    for heading, column in {
        "Gain": "gain",
        "Gain, low": "gain_low",
        "Gain, high": "gain_high",
    }.items():
        assert shown[heading].to_dict() == pytest.approx(expected[column].to_dict(), nan_ok=True)
    n_helped = int((expected["verdict"] == "helped").sum())
    assert f"**helped {n_helped}**" in texts(app)


def test_everything_names_the_two_runs_that_are_compared(small, open_app):
    app = open_app(GAINS, before="teacher", after="distilled")

    title = charts(app)[0]["layout"]["xaxis"]["title"]["text"]
    assert title.replace("\u2068", "").replace("\u2069", "") == "Gain in AP, distilled − teacher"
    assert "distilled − teacher" in app.get("plotly_chart")[0].proto.alt
    assert "distilled − baseline" not in "".join(c.proto.alt for c in app.get("plotly_chart"))
    assert "training again would change it is **not** in" in texts(app)


def test_a_swapped_pair_has_the_opposite_gains(small, open_app):
    forth = table(open_app(GAINS, before="teacher", after="distilled"))["Gain"]
    back = table(open_app(GAINS, before="distilled", after="teacher"))["Gain"]

    assert forth.abs().max() > 0.001
    assert (-back).to_dict() == pytest.approx(forth.to_dict())


def test_the_gap_closed_is_left_out_where_it_does_not_apply(small, open_app):
    assert "Gap closed" in table(open_app(GAINS))
    assert "Gap closed" not in table(open_app(GAINS, before="teacher", after="distilled"))


def test_a_link_by_construction_is_not_drawn(small, open_app):
    app = open_app(GAINS, before="teacher", after="distilled")

    assert "would be there by construction" in texts(app)
    assert len(app.get("plotly_chart")) == 1


def test_an_opened_label_shows_the_gain_of_the_pair(small, open_app):
    app = open_app(GAINS, before="teacher", after="distilled", label="red disc")

    row = expected_gains(runs_of(small, "teacher"), runs_of(small, "distilled-0"))
    gain = row.set_index("label")["gain"]["red disc"]
    told = f"Gain of distilled against teacher **{gain:+.3f}**".replace("-", "−")
    assert told in texts(app)


def test_the_same_run_twice_is_refused(small, open_app):
    app = open_app(GAINS, before="teacher", after="teacher")

    assert "same model twice" in app.info[0].value
    assert not app.dataframe


def test_a_link_to_a_run_that_is_not_here_opens_the_analysed_pair(small, open_app):
    app = open_app(GAINS, before="unicorn")

    assert app.selectbox(key="before").value == "baseline"
    assert not app.exception


def test_of_several_seeds_the_model_and_every_run_can_be_picked(seeds, open_app):
    app = open_app(GAINS)

    singles = [f"{model}-{seed}" for model in ("baseline", "distilled") for seed in range(3)]
    assert set(options(app, "before")) == {"baseline", "distilled", "teacher", *singles}


def test_single_runs_of_several_are_one_seed(seeds, open_app):
    app = open_app(GAINS, before="baseline-1", after="distilled-2")

    expected = expected_gains(runs_of(seeds, "baseline-1"), runs_of(seeds, "distilled-2"))
    assert table(app)["Gain"].to_dict() == pytest.approx(
        expected.set_index("label")["gain"].to_dict()
    )
    assert "baseline-1 (1 run) and distilled-2 (1 run)" in texts(app)
    assert "which does **not** include the variance between training seeds" in texts(app)


def test_a_single_run_against_all_seeds_counts_as_fixed(seeds, open_app):
    app = open_app(GAINS, before="baseline", after="teacher")

    baselines = runs_of(seeds, "baseline-0", "baseline-1", "baseline-2")
    expected = expected_gains(baselines, runs_of(seeds, "teacher") * 3).set_index("label")
    shown = table(app)
    assert shown["Gain"].to_dict() == pytest.approx(expected["gain"].to_dict())
    assert shown["Gain, low"].to_dict() == pytest.approx(expected["gain_low"].to_dict())
    assert "stands for every seed and counts as fixed" in texts(app)


def test_sides_that_cannot_be_paired_by_seed_are_refused(seeds, runs, open_app):
    shutil.copytree(seeds, runs / "other")
    shutil.rmtree(runs / "other" / "distilled-0")
    for seed in (1, 2):  # they become runs of other seeds
        (runs / "other" / f"distilled-{seed}").rename(runs / "other" / f"distilled-{seed + 6}")

    app = open_app(GAINS, study="seeds", before="baseline", after="other/distilled")

    assert "none with the same seed" in texts(app)
    assert not app.exception


def test_seeds_are_paired_by_their_number_and_not_by_their_place(seeds, runs, open_app):
    shutil.copytree(seeds, runs / "other")
    shutil.rmtree(runs / "other" / "distilled-0")

    app = open_app(GAINS, study="seeds", before="baseline", after="other/distilled")

    expected = expected_gains(
        runs_of(seeds, "baseline-1", "baseline-2"), runs_of(seeds, "distilled-1", "distilled-2")
    )
    assert table(app)["Gain"].to_dict() == pytest.approx(
        expected.set_index("label")["gain"].to_dict()
    )


def test_runs_of_another_study_of_the_same_images_can_be_compared(small, runs, open_app):
    shutil.copytree(small, runs / "again")

    app = open_app(GAINS, study="small", before="again/teacher", after="teacher")

    assert "again/baseline" in options(app, "before")
    assert table(app)["Gain"].abs().max() == 0  # it is a copy
    assert "**helped 0**" in texts(app)


@pytest.mark.parametrize("change", ["dataset_fingerprint", "label_names", "damage"])
def test_runs_on_other_images_or_labels_and_damaged_ones_are_not_offered(
    small, runs, open_app, change
):
    shutil.copytree(small, runs / "again")
    for file in (runs / "again").glob(f"*/predictions/test/{MANIFEST}"):
        manifest = json.loads(file.read_text())
        if change == "damage":
            file.write_text("{")
            continue
        manifest[change] = "other" if change == "dataset_fingerprint" else manifest[change][::-1]
        file.write_text(json.dumps(manifest))

    app = open_app(GAINS, study="small")

    assert options(app, "before") == ["teacher", "baseline", "distilled"]


def test_too_many_predictions_come_with_the_lines_for_a_notebook(
    small, open_app, monkeypatch, capsys
):
    monkeypatch.setattr(page_part, "MAX_CELLS", 100)
    app = open_app(GAINS, before="teacher", after="distilled")

    assert "predictions per side are too many" in texts(app)
    exec(compile(app.code[0].value, "notebook", "exec"), {})
    assert "red disc" in capsys.readouterr().out


def test_a_study_without_predictions_still_shows_the_analysed_pair(study, open_app):
    app = open_app(GAINS, label="label 0003")

    assert options(app, "before") == ["teacher", "baseline", "distilled"]
    assert "There are no predictions of baseline" in texts(app)
    assert len(table(app)) == 20


def test_a_study_that_compares_nothing_can_compare_what_it_has(runs, open_app):
    study = write_study(runs / "demo", names=names_of(5), comparisons=())
    write_caches(study)

    app = open_app(GAINS)

    expected = expected_gains(runs_of(study, "teacher"), runs_of(study, "baseline-0"))
    assert table(app)["Gain"].to_dict() == pytest.approx(
        expected.set_index("label")["gain"].to_dict()
    )


# The images behind a gain


@pytest.mark.parametrize("way", ["helped", "hurt"])
def test_the_images_that_made_the_gain_are_shown_in_order_with_their_numbers(small, open_app, way):
    app = open_app(GAINS, before="teacher", after="distilled", label="red disc", way=way)

    before, after = runs_of(small, "teacher")[0], runs_of(small, "distilled-0")[0]
    label = before.label_names.index("red disc")
    made = image_contributions(before.logits, after.logits, before.targets, label=label)
    most = made[made["contribution"] > 0] if way == "helped" else made[::-1]
    most = most[(most["contribution"] < 0) | (way == "helped")]
    ids = before.images["image_id"].iloc[most["image"]].tolist()
    shown = next(f.value for f in app.dataframe if "Contribution" in f.value)
    assert shown["Image"].tolist() == ids[: photos.MOST]
    assert shown["Contribution"].tolist() == most["contribution"].tolist()[: photos.MOST]
    first = most.iloc[0]
    ranks = f"rank {first['rank_before']:,.0f} → {first['rank_after']:,.0f}"
    given = "carries it" if first["present"] else "does not carry it"
    assert f"{first['contribution']:+.4f}**, {ranks}; {given}".replace("-", "−") in texts(app)
    assert f"{len(most)} images {way}" in texts(app)


def test_two_equal_models_have_no_image_that_helped(small, runs, open_app):
    shutil.copytree(small, runs / "again")

    app = open_app(GAINS, study="small", before="again/teacher", after="teacher", label="red disc")

    assert "No image helped." in texts(app)
    assert not app.exception
