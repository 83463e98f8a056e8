import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.pages.seen import charts, table_with, texts
from tests.pages.synthetic import (
    EIGHT,
    add_false_positives,
    change_tables,
    names_of,
    table_of,
    write_study,
)
from udviz.figures.style.theme import VERDICTS
from udviz.ui.gains.gains_table import gains_table

GAINS = "pages/3_Gains.py"


@pytest.fixture
def gains(study):
    """The analysed gains of the test split, largest first."""
    rows = table_of(study, "comparisons").query("split == 'test' and scope == 'label'")
    return rows.sort_values("gain", ascending=False)


def drawn_names(app):
    return charts(app)[0]["data"][0]["customdata"]


def table(app):
    return table_with(app, "Gain")


def change_gains(study, **columns):
    change_tables(study, comparisons=table_of(study, "comparisons").assign(**columns))


def test_the_summary_counts_the_verdicts_and_gives_the_gain_with_its_interval(
    gains, study, open_app
):
    said = texts(open_app(GAINS))

    for verdict, style in VERDICTS.items():
        assert f"**{verdict} {(gains['verdict'] == verdict).sum()}** {style.glyph}" in said
    mean = table_of(study, "comparisons").query("split == 'test' and scope == 'mean'").iloc[0]
    told = f"**{mean['gain']:+.3f}** (95 % interval {mean['gain_low']:+.3f} to"
    assert told.replace("-", "−") in said
    assert "does **not** include the variance between training seeds" in said


def test_the_table_shows_the_numbers_of_the_analysis_largest_gain_first(gains, open_app):
    shown = table(open_app(GAINS))

    gains = gains.sort_values("supported", ascending=False, kind="stable")  # too few come last
    assert shown["Label"].tolist() == gains["label"].tolist()
    named = {"Gain": "gain", "Gain, low": "gain_low", "Gain, high": "gain_high"}
    named |= {"p": "p", "q": "q", "Enough positives": "supported"}
    for head, column in named.items():
        assert shown[head].tolist() == gains[column].tolist()
    words = [f"{VERDICTS[verdict].glyph} {verdict}" for verdict in gains["verdict"]]
    assert shown["Verdict"].tolist() == words


def test_the_picture_and_the_table_show_the_same_labels(gains, open_app):
    app = open_app(GAINS, verdict="helped")

    assert drawn_names(app) == table(app)["Label"].tolist()


def test_chart_sentence_and_table_follow_the_metric_that_is_chosen(study, open_app):
    add_false_positives(study)
    app = open_app(GAINS)
    first = texts(app)

    app.selectbox(key="metric").select("FPR at recall 0.8").run()

    assert "the mean average precision: " in first
    said = texts(app)
    assert "lowers the mean false-positive rate at a validation recall of 0.8 (lower" in said
    assert "**−0.250** (95 % interval −0.375 to −0.125" in said
    assert "**helped 20**" in said
    axis = charts(app)[0]["layout"]["xaxis"]["title"]["text"]
    assert axis.startswith("Change in FPR at recall 0.8, ")
    assert axis.endswith("(lower is better)")
    shown = table_with(app, "Change")
    assert set(shown["Change"]) == {-0.25}
    assert set(shown["Before"]) == {0.75}
    assert len(charts(app)) == 1  # difficulty against gain is about average precision


def test_a_metric_in_the_url_is_chosen(study, open_app):
    add_false_positives(study)

    app = open_app(GAINS, metric="FPR at recall 0.5")

    assert app.selectbox(key="metric").value == "FPR at recall 0.5"
    assert set(table_with(app, "Change")["After"]) == {0.25}


def test_largest_gain_first_puts_the_largest_fall_first_where_lower_is_better(study, open_app):
    rows = add_false_positives(study)
    falls = rows.assign(gain=-0.01 * (rows["column"] + 2))
    old = table_of(study, "comparisons").query("metric == 'average_precision'")
    change_tables(study, comparisons=pd.concat([old, falls], ignore_index=True))

    shown = table_with(open_app(GAINS, metric="FPR at recall 0.5"), "Change")

    evaluated = shown[shown["Enough positives"]]["Change"].tolist()
    assert evaluated == sorted(evaluated)


def test_with_average_precision_alone_there_is_nothing_to_choose(study, open_app):
    assert "Metric" not in [box.label for box in open_app(GAINS).selectbox]


def test_any_analysed_pair_comes_from_the_table(runs, open_app):
    study = write_study(runs / "demo", names=names_of(5), models=EIGHT)

    app = open_app(GAINS, before="baseline", after="cam")

    rows = table_of(study, "comparisons").query("split == 'test' and after == 'cam'")
    expected = rows[rows["scope"] == "label"].set_index("label")["gain"]
    assert table(app).set_index("Label")["Gain"].to_dict() == expected.to_dict()
    assert "Computed here" not in texts(app)


def test_the_comparison_chosen_elsewhere_is_opened(runs, open_app):
    write_study(runs / "demo", names=names_of(5), models=EIGHT)

    app = open_app(comparison="baseline → kd")
    app.switch_page(GAINS)
    app.query_params.clear()  # as a browser does
    app.run()

    assert app.query_params["comparison"] == "baseline → kd"  # for whoever copies the link
    assert (app.selectbox(key="before").value, app.selectbox(key="after").value) == (
        "baseline",
        "kd",
    )


@pytest.mark.parametrize(("order", "column"), [("lowest q first", "q")])
def test_the_order_sorts_the_labels_and_opens_from_a_link(gains, open_app, order, column):
    app = open_app(GAINS)

    app.selectbox(key="sort").select(order).run()

    expected = gains.sort_values(column, kind="stable")[column].tolist()
    assert table(app)[column].tolist() == expected
    assert table(open_app(GAINS, sort=order))[column].tolist() == expected


def test_the_verdict_filter_leaves_its_labels_and_opens_from_a_link(gains, open_app):
    app = open_app(GAINS)

    app.button_group(key="verdict").set_value(["helped", "hurt"]).run()

    expected = gains[gains["verdict"] != "inconclusive"]["label"].tolist()
    assert 0 < len(expected) < 20
    assert table(app)["Label"].tolist() == expected
    assert table(open_app(GAINS, verdict=["helped", "hurt"]))["Label"].tolist() == expected


def test_a_verdict_that_no_label_has_shows_no_table(study, open_app):
    change_gains(study, verdict="helped")

    app = open_app(GAINS, verdict="hurt")

    assert app.info
    assert not app.dataframe


def test_a_label_in_the_url_is_open_with_its_gain(gains, open_app):
    label = gains.iloc[3]

    app = open_app(GAINS, label=label["label"])

    assert label["label"] in app.header[0].value
    told = f"Gain of distilled against baseline **{label['gain']:+.3f}**"
    assert told.replace("-", "−") in texts(app)


def test_a_label_without_a_gain_opens_and_is_not_listed(study, open_app):
    rows = table_of(study, "comparisons")
    rows.loc[rows["label"] == "label 0003", ["gain", "gain_low", "gain_high", "q"]] = np.nan
    change_tables(study, comparisons=rows)

    app = open_app(GAINS, label="label 0003")

    assert not app.exception
    assert "of 19 labels" in texts(app)
    assert "label 0003" not in table(app)["Label"].tolist()
    assert "label 0003" in app.header[0].value


def test_a_label_with_too_few_positives_is_in_italics_and_not_correlated(gains, study, open_app):
    labels = table_of(study, "labels").assign(supported=lambda t: t["label"] != "label 0003")
    change_tables(study, labels=labels)

    app = open_app(GAINS)

    ticks = charts(app)[0]["layout"]["yaxis"]["ticktext"]
    italics = [n for n, tick in zip(drawn_names(app), ticks, strict=True) if "<i>" in tick]
    assert italics == ["label 0003"]
    assert "label 0003" not in {n for t in charts(app)[1]["data"] for n in t["customdata"]}
    rest = labels.query("split == 'test' and supported").merge(gains, on="label")
    rho = stats.spearmanr(rest["difficulty"], rest["gain"]).statistic
    assert f"rank correlation **{rho:+.2f}**".replace("-", "−") in texts(app)
    assert "19 labels)" in texts(app)


def test_the_gap_closed_stands_beside_the_gain(study, open_app):
    gap = table_of(study, "gap").query("split == 'test'").set_index("label")

    shown = table(open_app(GAINS)).set_index("Label")

    expected = gap.loc[shown.index]
    known = expected["closed"].notna()
    assert 0 < known.sum() < len(known)
    for head, column in {"": "closed", ", low": "closed_low", ", high": "closed_high"}.items():
        drawn = shown[f"Gap closed{head}"]
        assert drawn[known].tolist() == pytest.approx(expected[column][known].tolist())
        assert drawn[~known].isna().all()


def test_a_study_without_a_teacher_has_no_gap_and_no_empty_columns(runs, open_app):
    write_study(runs / "demo", names=names_of(5), models=("a", "b"), comparisons=[("a", "b")])

    app = open_app(GAINS)

    assert not app.exception
    assert "Gap closed" not in table(app)


def test_a_gap_that_cannot_be_read_is_explained_with_the_command_that_remakes_it(study, open_app):
    (study / "analysis" / "gap.parquet").write_bytes(b"PAR1 no")

    app = open_app(GAINS)

    assert not app.exception
    assert "gap" in app.info[0].value
    assert app.code[0].value.startswith("python -m pipelines.study --recipe")
    assert len(table(app)) == 20
    assert "Gap closed" not in table(app)


def test_a_gap_that_was_analysed_again_is_read_again(study, open_app):
    app = open_app(GAINS)
    change_tables(study, gap=table_of(study, "gap").assign(closed=0.625))

    app.run()

    assert table(app)["Gap closed"].tolist() == [0.625] * 20


def test_an_end_that_may_be_anywhere_is_left_empty_in_the_table():
    row = {"label": "cat", "gain": 0.1, "verdict": "helped", "closed_low": -0.5}
    row |= {"gain_without_few": 0.08, "rests_on_few": True}
    labels = pd.DataFrame([row, row | {"closed_low": -np.inf}])

    assert gains_table(labels)["Gap closed, low"].isna().tolist() == [False, True]


def test_the_smallest_gain_that_could_be_detected_stands_beside_every_gain(gains, open_app):
    app = open_app(GAINS)

    shown = table(app).set_index("Label")["Detectable gain"]
    pd.testing.assert_series_equal(
        shown.sort_index(),
        gains.set_index("label")["detectable_gain"].sort_index(),
        check_names=False,
    )
    assert "would show with 80 % power" in texts(app)


def test_a_verdict_that_turns_on_few_images_is_marked_and_said(gains, study, open_app):
    is_first = table_of(study, "comparisons")["label"] == gains["label"].iloc[0]
    change_gains(study, rests_on_few=is_first, gain_without_few=-0.017)

    app = open_app(GAINS)

    assert table(app)["Verdict"].str.endswith("†").sum() == 1
    assert (table(app)["Gain without 1 %"] == -0.017).all()
    assert f"A few images decide the verdict on {gains['label'].iloc[0]}: without" in texts(app)
    assert "Without its most influential 1 % of images it is −0.017." in texts(app)


def test_a_study_of_one_model_explains_itself_and_stops(runs, open_app):
    write_study(runs / "demo", names=names_of(5), models=("only",))

    app = open_app(GAINS)

    assert not app.exception
    assert "single model" in app.info[0].value
    assert not app.get("plotly_chart")
    assert not app.dataframe


def test_the_correlations_are_scipys(gains, study, open_app):
    labels = table_of(study, "labels").assign(supported=True)
    change_tables(study, labels=labels)

    said = texts(open_app(GAINS))

    rows = labels.query("split == 'test'").merge(gains, on="label")
    for column in ("difficulty", "disagreement"):
        rho = stats.spearmanr(rows[column], rows["gain"]).statistic
        assert f"rank correlation **{rho:+.2f}**".replace("-", "−") in said
    assert said.count("20 labels): ") == 2


def test_a_reference_without_disagreement_says_so(study, open_app):
    change_tables(study, labels=table_of(study, "labels").drop(columns="disagreement"))

    app = open_app(GAINS)

    assert not app.exception
    assert "a value of: disagreement" in app.info[-1].value
    assert len(app.get("plotly_chart")) == 2


def test_odd_studies_draw(odd_study, open_app):
    app = open_app(GAINS)

    assert not app.exception
    assert len(drawn_names(app)) <= 40
    assert all(len(chart.proto.alt) > 40 for chart in app.get("plotly_chart"))


def test_a_filter_on_a_late_page_shows_labels(runs, open_app):
    write_study(runs / "many", names=names_of(2000))
    app = open_app(GAINS)
    app.pagination(key="page").set_value(50).run()

    app.button_group(key="verdict").set_value(["hurt"]).run()

    assert not app.exception
    assert 0 < len(drawn_names(app)) <= 40
    assert set(drawn_names(app)) <= set(table(app)["Label"])
