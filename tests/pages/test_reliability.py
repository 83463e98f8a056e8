import json
import shutil

import numpy as np
import pytest
from scipy.special import expit

from tests.analysis import fake
from tests.pages.caches import cache_of, write_cache, write_caches, write_calibration
from tests.pages.scenes import probs_of
from tests.pages.seen import values
from tests.pages.synthetic import (
    EIGHT,
    HOSTILE_NAMES,
    change_tables,
    names_of,
    table_of,
    write_study,
)
from udviz.figures.style.text import number
from udviz.predictions.cache import open_predictions
from udviz.stats.calibration.platt import fit_platt
from udviz.stats.calibration.recalibration import fit_isotonic, fit_temperature
from udviz.stats.calibration.reliability_bins import pooled_reliability_bins, reliability_bins
from udviz.ui.load import thinning
from udviz.ui.reliability.parameters import as_json

PAGE = "pages/2_Reliability.py"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A study of 20 labels with predictions and their calibration, written once."""
    study = write_study(tmp_path_factory.mktemp("runs") / "demo", names=names_of(20))
    write_caches(study)
    write_calibration(study)
    return study


@pytest.fixture
def judged(original, runs):
    return shutil.copytree(original, runs / "demo")


@pytest.fixture
def table(judged):
    return table_of(judged, "calibration")


def charts(app):
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def marks(app, name="teacher", *, chart=0):
    """Places of the marks of one model, (x, y)."""
    traces = charts(app)[chart]["data"]
    trace = next(t for t in traces if plain(t) == name and t.get("mode") == "lines+markers")
    return values(trace["x"]), values(trace["y"])


def plain(trace):
    """Name of a trace without the invisible marks around names."""
    return trace.get("name", "").strip("\u2068\u2069")


def told(app):
    parts = [*app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(element.value for element in parts)


def held(bins):
    some = bins.count[0] > 0
    return bins.mean_prob[0][some], bins.frequency[0][some]


def test_all_labels_are_pooled_where_none_is_picked(judged, open_app):
    app = open_app(PAGE)

    run = open_predictions(cache_of(judged, "teacher", "test"))
    expected = held(pooled_reliability_bins(probs_of(run), run.targets))
    np.testing.assert_allclose(marks(app), expected, rtol=1e-5)
    assert "Pooled over all labels" in told(app)


def test_a_picked_label_has_its_own_diagram(judged, open_app):
    app = open_app(PAGE, label="label 0007")

    run = open_predictions(cache_of(judged, "distilled", "test"))
    expected = held(reliability_bins(probs_of(run)[:, [7]], run.targets[:, [7]]))
    np.testing.assert_allclose(marks(app, "distilled"), expected, rtol=1e-5)
    assert "Pooled over all labels" not in told(app)


def test_bins_of_equal_mass_come_with_the_error_of_such_bins(table, judged, open_app):
    app = open_app(PAGE, label="label 0007")

    app.button_group(key="bins").set_value("equal mass").run()

    run = open_predictions(cache_of(judged, "teacher", "test"))
    expected = held(reliability_bins(probs_of(run)[:, [7]], run.targets[:, [7]], kind="mass"))
    np.testing.assert_allclose(marks(app), expected, rtol=1e-5, atol=1e-6)
    row = (
        rows_of(table, "test", "none").query("label == 'label 0007' and model == 'teacher'").iloc[0]
    )
    assert app.dataframe[0].value["ECE"].iloc[0] == number(row["adaptive_ece"])


def rows_of(table, split, method):
    return table[(table["split"] == split) & (table["recalibration"] == method)]


def test_a_recalibration_is_fitted_on_the_validation_split_only(judged, open_app):
    app = open_app(PAGE, label="label 0007", recalibration="Platt")

    val = open_predictions(cache_of(judged, "teacher", "val"))
    test = open_predictions(cache_of(judged, "teacher", "test"))
    probs = fit_platt(val.logits, val.targets).apply(test.logits)
    expected = held(reliability_bins(probs[:, [7]], test.targets[:, [7]]))
    np.testing.assert_allclose(marks(app), expected, rtol=1e-5)
    assert "fitted on the validation split" in told(app)
    assert "fitted on the images shown" not in told(app)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_every_recalibration_brings_the_overconfident_teacher_to_the_diagonal(
    judged, open_app, method
):
    before, after = open_app(PAGE), open_app(PAGE, recalibration=method)

    gaps = [np.abs(np.subtract(*marks(app))).mean() for app in (before, after)]
    assert gaps[1] < 0.6 * gaps[0]


def test_on_the_validation_split_the_page_says_that_the_fit_saw_the_images(table, open_app):
    app = open_app(PAGE, split="val", recalibration="Platt")

    assert "fitted on the images shown" in told(app)
    assert "**before** recalibration" in told(app)
    pooled = rows_of(table, "val", "none").query("scope == 'pooled'")
    assert app.dataframe[0].value["Brier"].tolist() == [number(v) for v in pooled["brier"]]


def test_the_models_table_shows_the_numbers_of_the_analysis(table, open_app):
    app = open_app(PAGE)

    shown = app.dataframe[0].value
    pooled = rows_of(table, "test", "none").query("scope == 'pooled'")
    assert shown.index.tolist() == ["◆ teacher", "■ baseline", "● distilled"]
    assert shown["ECE"].tolist() == [number(v) for v in pooled["ece"]]
    assert shown["ECE expected"].tolist() == [number(v) for v in pooled["ece_null"]]
    assert shown["ECE above expected"].tolist() == [
        number(v, sign=True) for v in pooled["ece_excess"]
    ]
    assert shown["NLL"].tolist() == [number(v) for v in pooled["nll"]]


def test_a_label_that_is_called_like_the_pooled_row_is_not_taken_for_it(runs, open_app):
    study = write_study(runs / "odd", names=["all labels", "b"])
    write_caches(study)
    write_calibration(study)

    app = open_app(PAGE)
    pooled = app.dataframe[0].value
    app.selectbox(key="label").select("all labels").run()

    assert len(pooled) == len(app.dataframe[0].value) == 3
    assert pooled["ECE"].tolist() != app.dataframe[0].value["ECE"].tolist()
    assert sorted(app.dataframe[1].value["Label"]) == ["all labels", "b"]


def test_all_labels_are_in_the_table_with_the_largest_excess_first(table, open_app):
    app = open_app(PAGE)

    shown = app.dataframe[1].value
    rows = rows_of(table, "test", "none").query("model == 'teacher' and scope == 'label'")
    expected = rows.sort_values("ece_excess", ascending=False)
    assert shown["Label"].tolist() == expected["label"].tolist()
    assert shown["ECE above expected, ◆ teacher"].tolist() == pytest.approx(
        expected["ece_excess"].tolist()
    )


def test_the_reliability_grid_is_of_the_eight_worst_labels_of_the_teacher(judged, open_app):
    app = open_app(PAGE)

    (bars,) = [trace for trace in charts(app)[1]["data"] if trace["type"] == "bar"]
    shown = app.dataframe[1].value
    assert bars["customdata"] == shown["Label"].tolist()[:8]
    run = open_predictions(cache_of(judged, "teacher", "test"))
    worst = run.label_names.index(shown["Label"].iloc[0])
    expected = held(reliability_bins(probs_of(run)[:, [worst]], run.targets[:, [worst]]))
    first = [places[: len(expected[0])] for places in marks(app, chart=1)]  # its square is (0, 1)
    np.testing.assert_allclose(first, expected, rtol=1e-5)


def test_labels_no_worse_than_expected_of_a_calibrated_model_are_not_called_miscalibrated(
    table, judged, open_app
):
    change_tables(judged, calibration=table.assign(ece_excess=-0.01))

    app = open_app(PAGE)

    assert "No label's ECE exceeds" in told(app)
    assert len(charts(app)) == 1


def test_a_link_opens_the_bins_and_the_recalibration_it_names(judged, open_app):
    app = open_app(PAGE, bins="equal mass", recalibration="isotonic")

    assert app.button_group(key="bins").value == "equal mass"
    assert app.button_group(key="recalibration").value == "isotonic"


def test_without_predictions_the_tables_stand_and_the_command_is_named(judged, open_app):
    for model in ("teacher", "baseline", "distilled"):
        shutil.rmtree(cache_of(judged, model, "test"))

    app = open_app(PAGE)

    assert not app.exception
    assert "holds no predictions" in app.info[0].value
    assert app.code[0].value.startswith("python -m pipelines.study")
    assert len(app.dataframe[0].value) == 3
    assert len(app.dataframe[1].value) == 20
    assert not charts(app)


def test_one_model_without_predictions_leaves_the_others(judged, open_app):
    shutil.rmtree(cache_of(judged, "baseline", "test"))

    app = open_app(PAGE)

    assert "baseline-0" in app.info[0].value
    names = {plain(trace) for trace in charts(app)[0]["data"]}
    assert {"teacher", "distilled"} < names
    assert "baseline" not in names


def test_damaged_predictions_are_named_with_the_command_that_remakes_them(judged, open_app):
    file = cache_of(judged, "teacher", "test") / "logits.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")

    app = open_app(PAGE)

    assert not app.exception
    assert "logits.npy` does not match its checksum" in app.info[0].value
    assert "Remake it with" not in app.info[0].value


def test_predictions_that_were_made_again_are_read_again(judged, open_app):
    app = open_app(PAGE, label="label 0007")
    run = open_predictions(cache_of(judged, "teacher", "test"))
    names, shape = run.label_names, run.targets.shape

    write_cache(
        cache_of(judged, "teacher", "test"),
        np.zeros(shape),
        np.ones(shape, dtype=np.int8),
        names=names,
    )
    app.run()

    np.testing.assert_allclose(marks(app), [[0.5], [1.0]])


def test_predictions_of_other_labels_are_refused(judged, open_app):
    write_cache(
        cache_of(judged, "teacher", "test"),
        np.zeros((4, 1)),
        np.ones((4, 1), dtype=np.int8),
        names=("unicorn",),
    )

    app = open_app(PAGE)

    assert not app.exception
    assert "lacks labels of the analysis" in app.info[0].value


def test_without_rows_of_this_split_the_diagram_stands_and_the_command_is_named(
    table, judged, open_app
):
    change_tables(judged, calibration=table[table["split"] == "val"])

    app = open_app(PAGE)

    assert not app.exception
    assert "holds no label of this split" in app.info[0].value
    assert app.code[0].value.startswith("python -m pipelines.study")
    assert len(charts(app)) == 1


def test_a_study_with_tables_of_labels_only_explains_itself(odd_study, open_app):
    app = open_app(PAGE)

    assert not app.exception
    assert "holds no predictions" in app.info[0].value
    assert "holds no label of this split" in app.info[0].value


def test_a_label_of_which_no_target_is_known_says_so(judged, open_app):
    for model in ("teacher", "baseline", "distilled"):
        run = open_predictions(cache_of(judged, model, "test"))
        targets = np.array(run.targets)
        targets[:, 7] = -1
        logits = np.array(run.logits)
        write_cache(cache_of(judged, model, "test"), logits, targets, names=run.label_names)
    write_calibration(judged)

    app = open_app(PAGE, label="label 0007")

    assert not app.exception
    assert "not annotated in any image of this split" in told(app)
    assert app.dataframe[1].value["Label"].tolist()[-1] == "label 0007"


def test_hostile_names_open(runs, open_app):
    study = write_study(runs / "odd", names=list(HOSTILE_NAMES))
    write_caches(study)
    write_calibration(study)

    app = open_app(PAGE)

    for name in HOSTILE_NAMES:
        app.selectbox(key="label").set_value(name).run()

        assert not app.exception
        assert "<" not in charts(app)[0]["layout"]["title"]["text"]


def test_a_large_split_is_thinned_for_the_pooled_diagram_but_not_for_a_label(
    judged, open_app, monkeypatch
):
    monkeypatch.setattr(thinning, "MAX_CELLS", 20 * 100)
    run = open_predictions(cache_of(judged, "teacher", "test"))

    app = open_app(PAGE, study="demo")
    expected = held(pooled_reliability_bins(probs_of(run)[::3], run.targets[::3]))
    np.testing.assert_allclose(marks(app), expected, rtol=1e-5)
    assert "one image in 3" in told(app)

    app.selectbox(key="label").select("label 0007").run()
    expected = held(reliability_bins(probs_of(run)[:, [7]], run.targets[:, [7]]))
    np.testing.assert_allclose(marks(app), expected, rtol=1e-5)
    assert "one image in 3" not in told(app)


def test_all_probabilities_are_never_made_at_once(judged, open_app, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("all probabilities at once")

    monkeypatch.setattr("udviz.predictions.cache.Predictions.probs", refuse)

    assert not open_app(PAGE).exception


def test_of_eight_models_the_reference_and_the_comparison_are_drawn_until_others_are_picked(
    runs, open_app
):
    study = write_study(runs / "eight", names=names_of(3), models=EIGHT)
    write_caches(study)
    write_calibration(study)

    app = open_app(PAGE)
    first = app.dataframe[0].value.index.tolist()
    app.multiselect(key="of-models").set_value(["kd", "cam"]).run()

    assert first == ["◆ teacher", "■ baseline", "● distilled"]
    assert [name[2:] for name in app.dataframe[0].value.index] == ["kd", "cam"]
    assert {plain(trace) for trace in charts(app)[0]["data"]} >= {"kd", "cam"}
    worst = app.dataframe[1].value
    assert worst.columns[1].endswith("kd")  # the first of those picked decides what is worst
    assert worst.iloc[:, 1].is_monotonic_decreasing


def test_a_study_of_one_model_asks_for_no_model(runs, open_app):
    study = write_study(runs / "one", names=names_of(3), models=("mine",), comparisons=())
    write_caches(study)
    write_calibration(study)

    app = open_app(PAGE)

    assert not app.exception
    assert not app.multiselect
    assert len(app.dataframe[0].value) == 1


def test_several_seeds_are_said_to_be_averaged_in_the_table_only(runs, open_app):
    study = write_study(runs / "seeds", names=names_of(3), n_seeds=2)
    write_caches(study)
    write_calibration(study)

    assert "The diagram shows each model's first seed" in told(open_app(PAGE))


def test_a_bin_that_is_off_because_of_outlier_images_says_so(judged, open_app):
    run = open_predictions(cache_of(judged, "teacher", "test"))
    probs, targets = probs_of(run), run.targets
    bins = reliability_bins(probs, targets)
    label, over = np.argwhere(bins.off & (bins.mean_prob > bins.frequency))[-1]
    low, high = bins.edges[label][over : over + 2]
    inside = (probs[:, label] >= low) & (probs[:, label] < high)
    images = np.flatnonzero(inside & (targets[:, label] == 0))
    outliers = next(
        images[:n]
        for n in range(images.size)
        if not bins.without(probs[images[:n]], targets[images[:n]]).off[label, over]
    )
    opened = run.label_names[label]
    assert "outlier image" not in told(open_app(PAGE, label=opened))
    ids = run.images["image_id"].iloc[outliers].tolist()
    rows = fake.rows_of("outlier_images", split="test", image=outliers, image_id=ids)
    change_tables(judged, outlier_images=rows)

    app = open_app(PAGE, label=opened)

    n_images = bins.count[label, over]
    assert f"Bin {low:.2f} to {high:.2f}: {outliers.size} of {n_images} images" in told(app)


def recalibrated(told, label, logits):
    """Probabilities by the formula that a download tells, and by its parameters alone."""
    names = {"sigmoid": expit, "numpy": np, "logit": logits}
    own = {k: np.array(v) for k, v in (told.get("labels", {}).get(label) or told).items()}
    return eval(told["probability"].partition(";")[0], names | own)  # our own text


@pytest.mark.parametrize("fit", [fit_temperature, fit_platt, fit_isotonic])
def test_a_recalibration_that_is_taken_away_gives_the_same_probabilities(original, fit):
    val = open_predictions(cache_of(original, "teacher", "val"))
    fitted = fit(val.logits, val.targets)

    told = json.loads(json.dumps(as_json(fitted, val.label_names)))

    for column, label in enumerate(val.label_names):
        logits = val.logits[:, column].astype(float)
        expected = fitted.apply_label(logits, column)
        np.testing.assert_allclose(recalibrated(told, label, logits), expected, rtol=1e-12)


def test_a_recalibration_is_offered_where_one_is_chosen(judged, open_app):
    assert "Download the recalibration" not in str(offers(open_app(PAGE)))

    assert offers(open_app(PAGE, recalibration="Platt"))[0].startswith(
        "Download the recalibration of "
    )


def offers(app):
    return [button.proto.label for button in app.get("download_button")]
