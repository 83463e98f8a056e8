import html
import json
import re
import shutil
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

from tests.analysis.fake import MODELS, rows_of
from tests.pages.caches import cache_of, write_cache, write_caches, write_calibration
from tests.pages.scenes import write_scenes
from tests.pages.seen import charts, plain, table_with, values
from tests.pages.seen import texts as told
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
from udviz.stats.decisions.f1_scores import counts_at_thresholds
from udviz.stats.uncertainty.measures import binary_entropy, margin_uncertainty
from udviz.ui.label.label_questions import QUESTIONS
from udviz.ui.label.thresholds import levels

PAGE = "pages/4_Label.py"
LABEL = "red disc"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return write_scenes(tmp_path_factory.mktemp("runs") / "small", with_maps=MODELS[::2])


@pytest.fixture
def small(scenes, monkeypatch):
    """A study of scenes, which nobody changes, as the only one."""
    monkeypatch.setenv("UDVIZ_RUNS", str(scenes.parent))
    return scenes


@pytest.fixture
def changed(scenes, runs):
    """A copy of it that a test may damage."""
    return shutil.copytree(scenes, runs / "small")


@pytest.fixture
def made_up(runs):
    """A study of 20 labels with caches and calibration, but none of the other tables."""
    study = write_study(runs / "demo", names=names_of(20))
    write_caches(study)
    write_calibration(study)
    return study


def thresholds_of(study, label):
    rows = table_of(study, "thresholds").query("label == @label and seed == 0")
    return rows.set_index("model")["threshold"]


def column_of(study, label, model="teacher", split="test"):
    """Probabilities (N,) in float64, targets (N,) and ids of one label."""
    run = open_predictions(cache_of(study, model, split))
    column = run.label_names.index(label)
    logits = np.asarray(run.logits[:, column], dtype=np.float64)
    ids = run.images["image_id"].to_numpy()
    return 1 / (1 + np.exp(-logits)), np.asarray(run.targets[:, column]), ids


def decided(app):
    return table_with(app, "TP")


def counted(app, row):
    return [int(n.replace(",", "")) for n in decided(app).iloc[row][["TP", "FP", "FN", "TN"]]]


def shown_ids(app):
    """Ids of the images in the gallery, in its order."""
    links = [link.proto for link in app.get("page_link")]
    names = [link.label for link in links if "image=" in link.query_string]
    return [name.replace("\\", "").strip("\u2068\u2069") for name in names]


def captions(app):
    return [m.value for m in app.markdown if "labelled" in m.value and "**" not in m.value]


def heading_of_gallery(app):
    return next(m.value for m in app.markdown if m.value.startswith("**") and "image" in m.value)


def ask(app, question):
    return app.button_group(key="images").set_value(question).run()


def test_the_label_in_the_link_is_told_in_depth(small, open_app):
    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    headers = [header.value.strip("\u2068\u2069") for header in app.header]
    assert headers == [
        LABEL,
        "Why is this label difficult?",
        "What to do about it",
        "Scores and decisions",
        "Example images",
        "Does uncertainty predict errors?",
        "Which labels is it confused with?",
        "Are the probabilities calibrated?",
    ]
    scores = table_of(small, "scores").query("split == 'test' and label == @LABEL")
    assert table_with(app, "AUROC")["AP"].tolist() == [
        number(ap) for ap in scores["average_precision"]
    ]


def test_causes_are_told_with_their_numbers_and_those_not_found_too(changed, open_app):
    labels = table_of(changed, "labels")
    numbers = {"causes": "confused", "partners": "owl", "entropy_share": 0.31, "area": np.nan}
    numbers |= {"partner_lift": 6.1, "partner_lift_low": 4.2, "partner_lift_high": 8.9}
    change_tables(changed, labels=labels.assign(**numbers, partner_share=0.41))

    app = open_app(PAGE, label=LABEL)

    said = told(app).replace("\u2068", "").replace("\u2069", "")
    assert "- **confused**: beside owl its false positives are **6.1 times** as frequent" in said
    assert "(4.2 to 8.9); 41% of them lie there." in said
    missing = said[said.index("Looked for and not found") :]
    assert "- uncertain: recalibrated, the model keeps 31% of the entropy" in missing
    assert "- small: the data set marks no objects." in missing


def test_without_a_label_the_most_difficult_one_is_shown(small, open_app):
    app = open_app(PAGE)

    hardest = table_of(small, "labels").query("split == 'test'").nsmallest(1, "difficulty_rank")
    assert app.header[0].value.replace("\\", "").strip("\u2068\u2069") == hardest["label"].iloc[0]
    assert "No label is picked" in told(app)


def test_each_model_decides_at_its_own_threshold_of_the_validation_split(small, open_app):
    app = open_app(PAGE, label=LABEL)

    for row, model in enumerate(MODELS):
        run = open_predictions(cache_of(small, model, "test"))
        one = slice(run.label_names.index(LABEL), run.label_names.index(LABEL) + 1)
        level = thresholds_of(small, LABEL)[model]
        expected = counts_at_thresholds(
            run.logits[:, one], run.targets[:, one], thresholds=np.log(level / (1 - level))
        )
        tp, fp, fn, tn = counted(app, row)
        assert decided(app)["Threshold"].iloc[row] == number(level, digits=4)
        assert (tp, tp + fp, tp + fn) == (expected.correct, expected.predicted, expected.present)
        assert tp + fp + fn + tn == len(run.targets)
    assert "own threshold, chosen on validation" in told(app)
    assert "threshold" not in app.query_params


def test_moving_the_threshold_moves_the_counts_of_every_model(small, open_app):
    app = open_app(PAGE, label=LABEL)

    app.select_slider(key="threshold").set_value(0.1192).run()

    for row, model in enumerate(MODELS):
        probs, targets, _ = column_of(small, LABEL, model)
        (tn, fp), (fn, tp) = sklearn.metrics.confusion_matrix(targets, probs >= 0.1192)
        assert counted(app, row) == [tp, fp, fn, tn]
        assert decided(app)["F1"].iloc[row] == number(
            sklearn.metrics.f1_score(targets, probs >= 0.1192)
        )
    assert "Every model decides at **0.1192**" in told(app)
    assert app.query_params["threshold"] == "0.1192"


def test_a_link_opens_its_threshold_and_a_button_gives_up_on_it(small, open_app):
    app = open_app(PAGE, label=LABEL, threshold="0.400")
    moved = decided(app)

    app.button[0].click().run()

    assert app.button[0].label == "Reset to validation thresholds"
    assert moved["Threshold"].tolist() == ["0.4000"] * 3
    expected = thresholds_of(small, LABEL)
    assert decided(app)["Threshold"].tolist() == [
        number(expected[model], digits=4) for model in MODELS
    ]
    assert "threshold" not in app.query_params


def test_a_threshold_is_forgotten_when_another_label_is_opened(small, open_app):
    app = open_app(PAGE, label=LABEL, threshold="0.400")

    app.selectbox(key="label").select("blue square").run()

    own = thresholds_of(small, "blue square").iloc[0]
    assert decided(app)["Threshold"].iloc[0] == number(own, digits=4)
    assert "threshold" not in app.query_params


@pytest.mark.parametrize("bad", ["7", "nan", "-0.1", "much", ""])
def test_what_is_no_threshold_in_a_link_is_ignored(small, open_app, bad):
    app = open_app(PAGE, label=LABEL, threshold=bad)

    assert not app.exception
    assert "own threshold" in told(app)


def test_a_threshold_of_four_digits_fits_the_slider(changed, open_app):
    rows = table_of(changed, "thresholds")
    change_tables(changed, thresholds=rows.assign(threshold=0.0465))

    app = open_app(PAGE, label=LABEL)

    assert app.select_slider(key="threshold").value == 0.0465
    assert decided(app)["Threshold"].tolist() == ["0.0465"] * 3


def test_the_slider_is_as_fine_near_0_and_1_as_it_is_wide_in_log_odds():
    found = np.array(levels(0.0465))

    assert 0.0465 in found
    assert (np.diff(found) > 0).all()
    inside = found[(found > 0.005) & (found < 0.995) & (found != 0.0465)]
    np.testing.assert_allclose(np.diff(np.log(inside / (1 - inside))), 0.05, atol=0.015)


def test_a_threshold_that_predicts_all_or_nothing_is_flagged(small, open_app):
    everything = open_app(PAGE, label=LABEL, threshold="0.0000").warning[0].value
    nothing = open_app(PAGE, label=LABEL, threshold="1.0000").warning[0].value

    assert everything.count("predicts **100% of all images**") == 3
    assert nothing.count("decides nearly nothing") == 3


def test_a_label_that_is_ranked_at_chance_is_flagged(changed, open_app):
    scores = table_of(changed, "scores")
    low = scores["average_precision_low"].mask(scores["model"] == "baseline", 0.0)
    change_tables(changed, scores=scores.assign(average_precision_low=low))

    flagged = open_app(PAGE, label=LABEL).warning[0].value.replace("\u2068", "")

    assert flagged.startswith("baseline\u2069 ranks this label **not clearly better")


def test_at_the_ends_of_the_slider_everything_and_nothing_is_predicted(small, open_app):
    app = open_app(PAGE, label=LABEL, threshold="0.000")
    everything = counted(app, 0)

    app.select_slider(key="threshold").set_value(1.0).run()

    assert not app.exception
    assert everything[2:] == [0, 0]
    assert counted(app, 0)[:2] == [0, 0]
    assert decided(app)["Precision"].tolist() == ["–"] * 3


def moved(app):
    """What lies over the charts that stay, as pictures of them are saved."""
    drawn = [element.proto.body for element in app.get("html")]
    saved = [re.search('data-saved="(.*?)"', body) for body in drawn]
    return [json.loads(html.unescape(found[1])) for found in saved if found]


def test_moving_the_threshold_leaves_the_charts_of_the_scores_as_they_are(small, open_app):
    app = open_app(PAGE, label=LABEL)
    before, at_first = charts(app)[2:4], moved(app)

    app.select_slider(key="threshold").set_value(0.1192).run()

    assert charts(app)[2:4] == before
    assert {line["x0"] for line in moved(app)[0]["shapes"][:1]} == {0.1192}
    assert moved(app)[1] != at_first[1]


def test_the_pictures_show_the_scores_the_curves_and_the_threshold(small, open_app):
    app = open_app(PAGE, label=LABEL, threshold="0.300")

    distributions, curves = charts(app)[2:4]
    probs, targets, _ = column_of(small, LABEL)
    share = np.histogram(probs[targets == 1], 25, (0, 1))[0] / (targets == 1).sum()
    share = share[share > 0]
    bars = values(distributions["data"][0]["y"])[: len(share)]  # of the first model
    np.testing.assert_allclose(bars**2 / (bars**2).sum(), share)  # roots, up to a common factor
    lines, points = moved(app)
    assert lines["shapes"][0]["x0"] == 0.3
    (line,) = [trace for trace in curves["data"] if "teacher" in trace["name"]]
    point = points["traces"][0]
    expected = sklearn.metrics.average_precision_score(targets, probs)
    assert plain(line["name"]) == f"◆ teacher, AP {number(expected)}"
    called = probs >= 0.3
    assert values(point["x"]) == pytest.approx(sklearn.metrics.recall_score(targets, called))
    assert values(point["y"]) == pytest.approx(sklearn.metrics.precision_score(targets, called))


def test_false_positives_come_with_the_most_confident_first(small, open_app):
    app = open_app(PAGE, label=LABEL, model="distilled", threshold="0.010")

    probs, targets, ids = column_of(small, LABEL, "distilled")
    wrong = np.flatnonzero((probs >= 0.01) & (targets == 0))
    expected = wrong[np.argsort(-probs[wrong], kind="stable")]
    assert len(expected) > 12
    assert shown_ids(app) == ids[expected[:12]].tolist()
    assert captions(app) == [f"p = {number(p)}, not labelled" for p in probs[expected[:12]]]
    assert heading_of_gallery(app).startswith(
        f"**{len(expected)} images** without the label that the \u2068distilled"
    )


def test_false_negatives_come_with_the_most_confident_first(small, open_app):
    app = ask(open_app(PAGE, label=LABEL, threshold="0.900"), "false negatives")

    probs, targets, ids = column_of(small, LABEL)
    missed = np.flatnonzero((probs < 0.9) & (targets == 1))
    expected = missed[np.argsort(probs[missed], kind="stable")][:12]
    assert shown_ids(app) == ids[expected].tolist()
    assert captions(app) == [f"p = {number(p)}, labelled" for p in probs[expected]]


@pytest.mark.parametrize("measure", ["entropy", "margin", "disagreement"])
def test_the_most_uncertain_images_by_each_measure(small, open_app, measure):
    app = ask(open_app(PAGE, label=LABEL, threshold="0.300"), "most uncertain")

    app.button_group(key="measure").set_value(measure).run()

    probs, _, ids = column_of(small, LABEL)
    run = open_predictions(cache_of(small, "teacher", "test"))
    value = {
        "entropy": binary_entropy(probs[:, None])[:, 0],
        "margin": margin_uncertainty(probs[:, None], 0.3)[:, 0],
        "disagreement": run.disagreement[:, run.label_names.index(LABEL)],
    }[measure]
    expected = np.argsort(-value, kind="stable")[:12]
    assert shown_ids(app) == ids[expected].tolist()
    assert captions(app)[0].startswith(f"{measure} {number(value[expected[0]])}; p = ")


def test_possible_annotation_errors_are_those_of_the_analysis(small, open_app):
    suspects = table_of(small, "suspects").query("split == 'test'")
    label = suspects["label"].value_counts().index[0]

    app = ask(open_app(PAGE, label=label), "possible annotation errors")

    rows = suspects[suspects["label"] == label]
    assert shown_ids(app) == rows["image_id"].tolist()[:12]
    first = rows.iloc[0]
    doubt = {
        "missing": "not labelled: is the annotation missing?",
        "extra": "labelled: is the annotation wrong?",
    }
    assert captions(app)[0] == f"p = {number(first['prob'])}, {doubt[first['direction']]}"


def test_images_that_the_reference_decides_rightly_and_another_model_wrongly(small, open_app):
    (teacher, targets, ids), (student, _, _) = (
        column_of(small, LABEL, model) for model in ("teacher", "distilled")
    )
    level = round(float(np.median(student)), 3)  # the student calls half of the images present

    app = open_app(PAGE, label=LABEL, threshold=f"{level:.3f}")
    ask(app, "reference right, model wrong")

    right, also = ((probs >= level) == (targets == 1) for probs in (teacher, student))
    found = np.flatnonzero(right & ~also)
    lead = np.where(targets == 1, 1, -1) * (teacher - student)
    expected = found[np.argsort(-lead[found], kind="stable")]
    assert expected.size
    assert shown_ids(app) == ids[expected[:12]].tolist()
    assert heading_of_gallery(app).startswith(f"**{len(expected)} image")
    target = "labelled" if targets[expected[0]] == 1 else "not labelled"
    assert plain(captions(app)[0]) == (
        f"teacher p = {number(teacher[expected[0]])}, "
        f"distilled p = {number(student[expected[0]])}, {target}"
    )


def contributions_of(study):
    """Made-up shares of the images of one label in its gain."""
    _, targets, ids = column_of(study, LABEL)
    shares = np.linspace(-0.02, 0.03, len(ids))
    return rows_of(
        "contributions",
        split="test",
        before="baseline",
        after="distilled",
        label=LABEL,
        image_id=ids,
        image=np.arange(len(ids)),
        present=targets == 1,
        contribution=shares,
        rank_before=np.arange(1.0, len(ids) + 1),
        rank_after=np.arange(len(ids), 0.0, -1),
    )


@pytest.mark.parametrize(
    ("question", "best_first"), [("helped the gain", True), ("hurt the gain", False)]
)
def test_images_that_made_the_gain(changed, open_app, question, best_first):
    made = contributions_of(changed)
    change_tables(changed, contributions=made)
    app = ask(open_app(PAGE, label=LABEL), question)

    rows = made.query("split == 'test' and label == @LABEL")
    rows = rows[rows["contribution"] > 0] if best_first else rows[rows["contribution"] < 0]
    expected = rows.sort_values("contribution", ascending=not best_first, kind="stable")
    assert heading_of_gallery(app).startswith(f"**{len(expected)} image")
    assert shown_ids(app) == expected["image_id"].tolist()[:12]
    first = expected.iloc[0]
    assert captions(app)[0] == (
        f"{'labelled' if first['present'] else 'not labelled'}, rank "
        f"{int(first['rank_before'])} → {int(first['rank_after'])}, "
        f"{number(first['contribution'], digits=4, sign=True)} AP"
    )


def test_a_gallery_turns_pages_and_another_question_starts_at_the_first(small, open_app):
    app = open_app(PAGE, label=LABEL, threshold="0.010")
    first = shown_ids(app)
    app.pagination(key="shown").set_value(2).run()
    second = shown_ids(app)

    app.select_slider(key="threshold").set_value(0.011).run()

    assert not set(first) & set(second)
    assert app.pagination(key="shown").value == 1
    assert shown_ids(app) == first


def test_a_question_without_an_image_says_so(small, open_app):
    app = open_app(PAGE, label=LABEL, threshold="1.000")

    assert "At 1.000, the teacher predicts no image without the label" in told(app)
    assert not shown_ids(app)


def test_uncertainty_is_judged_by_the_errors_at_the_threshold(small, open_app):
    app = open_app(PAGE, label=LABEL, threshold="0.300")

    probs, targets, _ = column_of(small, LABEL)
    wrong = (probs >= 0.3) != (targets == 1)
    expected = sklearn.metrics.roc_auc_score(wrong, binary_entropy(probs[:, None])[:, 0])
    table = table_with(app, "Error rate")
    assert table.index.tolist() == ["entropy", "margin", "disagreement"]
    assert table["AUROC"].iloc[0] == number(expected)
    assert table["Error rate"].iloc[0] == number(wrong.mean())
    curves = {t["name"]: t for t in charts(app)[4]["data"]}
    assert values(curves["entropy"]["y"])[-1] == pytest.approx(wrong.mean())
    assert values(curves["oracle ordering"]["y"])[0] == 0


def test_a_student_without_a_calibration_branch_has_two_measures(changed, open_app):
    run = open_predictions(cache_of(changed, "baseline", "test"))
    if run.disagreement is not None:
        write_cache(
            cache_of(changed, "baseline", "test"),
            np.array(run.logits),
            np.array(run.targets),
            names=run.label_names,
        )

    app = ask(open_app(PAGE, label=LABEL), "most uncertain")
    app.button_group(key="measure").set_value("disagreement").run()
    app.button_group(key="model").set_value("baseline").run()

    assert not app.exception
    assert captions(app)[0].startswith("entropy")
    assert table_with(app, "Error rate").index.tolist() == ["entropy", "margin"]
    assert "no calibration branch" in told(app)


def confusion_row(label, partner, **named):
    return rows_of(
        "confusions",
        **{"split": "test", "label": label, "partner": partner}
        | {"rate": 0.75, "rate_without": 0.05, "lift": 14.0, "lift_low": 5.0, "lift_high": 40.0}
        | named,
    )


def with_confusions(study, *rows):
    change_tables(study, confusions=pd.concat(rows))


def test_confusions_are_shown_both_ways(changed, open_app):
    with_confusions(
        changed,
        confusion_row(LABEL, "blue square"),
        confusion_row("yellow star", LABEL, rate=0.5),
    )

    app = open_app(PAGE, label=LABEL)

    beside, wrongly = charts(app)[5:7]
    for chart, name, rate in ((beside, "blue square", 0.75), (wrongly, "yellow star", 0.5)):
        assert chart["data"][0]["customdata"] == [name]
        dots = next(t for t in chart["data"] if t.get("name") == "other label present")
        assert values(dots["x"]).tolist() == [rate]


def test_a_label_that_is_confused_with_no_other_says_so(changed, open_app):
    with_confusions(
        changed,
        confusion_row("yellow star", "blue square"),
        confusion_row(LABEL, "x", split="val"),
    )

    assert "No label pair meets the criterion" in told(open_app(PAGE, label=LABEL))


@pytest.mark.parametrize(
    ("table", "question"),
    [
        ("confusions", None),
        ("suspects", "possible annotation errors"),
        ("contributions", "helped the gain"),
        ("thresholds", None),
    ],
)
def test_a_table_that_cannot_be_read_is_named_with_its_command(changed, open_app, table, question):
    (changed / "analysis" / f"{table}.parquet").write_bytes(b"PAR1 no")

    app = open_app(PAGE, label=LABEL)
    if question:
        ask(app, question)

    assert not app.exception
    assert f"{table}.parquet" in told(app)
    assert app.code[0].value.startswith("python -m pipelines.study")
    assert len(app.header) == 8


def test_without_chosen_thresholds_one_half_is_used(changed, open_app):
    change_tables(changed, thresholds=table_of(changed, "thresholds").head(0))

    app = open_app(PAGE, label=LABEL)

    assert decided(app)["Threshold"].tolist() == ["0.5000"] * 3
    assert "No threshold was chosen on validation" in told(app)


def test_a_threshold_that_too_few_positives_left_at_one_half_says_so(changed, open_app):
    rows = table_of(changed, "thresholds")
    baseline = (rows["model"] == "baseline") & (rows["label"] == LABEL)
    chosen, threshold = rows["chosen"] & ~baseline, rows["threshold"].mask(baseline, 0.5)
    change_tables(changed, thresholds=rows.assign(chosen=chosen, threshold=threshold))

    app = open_app(PAGE, label=LABEL)

    assert "too few positives were there for: baseline (0.500)" in told(app)


def test_where_no_model_has_a_chosen_threshold_none_is_said_to_be_chosen(changed, open_app):
    rows = table_of(changed, "thresholds").assign(chosen=False, threshold=0.5)
    change_tables(changed, thresholds=rows)

    app = open_app(PAGE, label=LABEL)

    assert "No threshold was chosen on validation" in told(app)
    assert "its own threshold" not in told(app)


def test_on_the_validation_split_the_page_says_that_the_threshold_saw_the_images(small, open_app):
    app = open_app(PAGE, label=LABEL, split="val")

    assert "on these very images, so F1 is too good" in told(app)


def test_without_predictions_the_numbers_stand_and_the_command_is_named(changed, open_app):
    for model in MODELS:
        shutil.rmtree(cache_of(changed, model, "test"))

    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    assert "holds no predictions" in told(app)
    assert app.code[0].value.startswith("python -m pipelines.study")
    assert len(table_with(app, "AUROC")) == 3
    assert len(charts(app)) == 2  # average precision and causes


def test_one_model_has_no_other_and_no_gain(runs, open_app):
    write_scenes(runs / "one", models=("only",), with_maps=("only",))

    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    assert len(decided(app)) == 1
    assert "no predictions of another model" in told(ask(app, "reference right, model wrong"))
    assert "there is no gain" in told(ask(app, "hurt the gain"))


def test_eight_models_all_decide_and_are_drawn(runs, open_app):
    write_caches(write_study(runs / "eight", names=names_of(3), models=EIGHT))

    app = open_app(PAGE)

    assert not app.exception
    assert [row.split()[1] for row in decided(app).index] == list(EIGHT)
    curves = next(c for c in charts(app) if "Precision and recall" in c["layout"]["title"]["text"])
    assert sum(trace["mode"] == "lines" for trace in curves["data"]) == 8


def with_targets(study, label, change):
    """Write the test caches again with other targets of one label."""
    for model in MODELS:
        run = open_predictions(cache_of(study, model, "test"))
        targets, column = np.array(run.targets), run.label_names.index(label)
        targets[:, column] = change(targets[:, column])
        logits = np.array(run.logits)
        write_cache(cache_of(study, model, "test"), logits, targets, names=run.label_names)


def test_unknown_targets_are_left_out_everywhere(made_up, open_app):
    with_targets(made_up, "label 0003", lambda t: np.where(np.arange(len(t)) < 200, -1, t))

    app = open_app(PAGE, label="label 0003", threshold="0.010")

    assert sum(counted(app, 0)) == 100
    assert f"of {sum(counted(app, 0))} images at a threshold" in told(app)
    assert all(int(name.removeprefix("i")) >= 200 for name in shown_ids(app))
    for question in ("false negatives", "most uncertain", "reference right, model wrong"):
        assert all(int(name[1:]) >= 200 for name in shown_ids(ask(app, question)))


def test_a_label_that_no_image_carries_has_no_curve(made_up, open_app):
    with_targets(made_up, "label 0003", np.zeros_like)

    app = open_app(PAGE, label="label 0003")

    assert not app.exception
    assert "there is no precision-recall curve" in told(app)
    assert decided(app)["Recall"].tolist() == ["–"] * 3
    assert "predicts every image with the label" in told(ask(app, "false negatives"))


def test_a_label_of_which_no_target_is_known_says_so(made_up, open_app):
    with_targets(made_up, "label 0003", lambda t: np.full_like(t, -1))

    app = open_app(PAGE, label="label 0003")

    assert not app.exception
    assert "No image of this split says whether it carries this label" in told(app)
    assert len(app.header) == 4


def test_a_label_without_errors_has_nothing_to_find(made_up, open_app):
    with_targets(made_up, "label 0003", np.zeros_like)

    app = open_app(PAGE, label="label 0003", threshold="1.000")

    assert "right on all 300 images, so no error stands out" in told(app)


def test_a_study_of_tables_only_explains_itself(odd_study, open_app):
    app = open_app(PAGE)

    assert not app.exception
    assert "holds no predictions" in told(app)


def test_hostile_names_open(runs, open_app):
    study = write_study(runs / "odd", names=list(HOSTILE_NAMES))
    write_caches(study)
    with_confusions(study, *(confusion_row(a, b) for a, b in pairwise(HOSTILE_NAMES)))

    app = open_app(PAGE)

    for name in HOSTILE_NAMES:
        app.selectbox(key="label").set_value(name).run()

        assert not app.exception
        drawn = charts(app)
        assert len(drawn) > 5
        assert not any("<" in chart["layout"]["title"]["text"] for chart in drawn)


def test_one_label_opens(runs, open_app):
    write_caches(write_study(runs / "odd", names=["only"]))

    app = open_app(PAGE)

    assert not app.exception
    assert len(decided(app)) == 3


def test_of_several_seeds_the_first_is_shown_and_said_to_be(runs, open_app):
    write_caches(write_study(runs / "odd", names=names_of(3), n_seeds=3))

    app = open_app(PAGE)

    assert "each model's **first run**" in told(app)


def test_only_the_column_of_the_label_is_read(made_up, open_app, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("all probabilities at once")

    monkeypatch.setattr("udviz.predictions.cache.Predictions.probs", refuse)

    assert not open_app(PAGE).exception


def test_every_question_has_an_answer(small, open_app):
    app = open_app(PAGE, label=LABEL)

    for question in QUESTIONS:
        ask(app, question)

        assert not app.exception, question
        assert not app.code, question


@pytest.mark.parametrize("page", ["pages/1_Difficulty.py", "pages/3_Gains.py"])
def test_a_label_opened_elsewhere_links_to_everything_about_it(small, open_app, page):
    app = open_app(page, label=LABEL)

    link = next(
        link.proto
        for link in app.get("page_link")
        if link.proto.label == "Everything about this label"
    )
    assert link.page == "Label"
    assert "label=red+disc" in link.query_string
