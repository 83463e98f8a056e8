import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.pages.synthetic import names_of, write_study
from udviz.figures.style.theme import VERDICTS
from udviz.stats.inference.correlation import RankCorrelation
from udviz.ui.gains.gains_table import gains_table
from udviz.ui.labels.scatters import about_gain

GAINS = "pages/3_Gains.py"


@pytest.fixture
def labels(study):
    table = pd.read_parquet(study / "analysis" / "labels.parquet")
    return table.query("split == 'test'").sort_values("gain", ascending=False)


@pytest.fixture
def gap(study):
    """Gap closed of every label; every fourth cannot be told."""
    table = pd.read_parquet(study / "analysis" / "labels.parquet")[["split", "label"]]
    closed = np.linspace(-0.5, 1.5, len(table))
    table = table.assign(gap=0.1, closed=closed, low=closed - 0.2, high=closed + 0.3)
    table.loc[table.index % 4 == 0, ["closed", "low", "high"]] = [np.nan, -np.inf, np.inf]
    table.to_parquet(study / "analysis" / "gap.parquet")
    return table.query("split == 'test'").set_index("label")


def change_labels(study, change):
    file = study / "analysis" / "labels.parquet"
    change(pd.read_parquet(file)).to_parquet(file)


def chart(app, place):
    return json.loads(app.get("plotly_chart")[place].proto.spec)


def drawn_names(app):
    return chart(app, 0)["data"][0]["customdata"]


def texts(app):
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


def table(app):
    return app.dataframe[0].value


def test_the_summary_counts_the_verdicts_and_gives_the_gain_with_its_interval(labels, open_app):
    app = open_app(GAINS)

    n = labels["verdict"].value_counts()
    assert f"Of 20 labels, distillation **helped {n['helped']}**" in texts(app)
    assert f"**hurt {n['hurt']}**" in texts(app)
    assert f"for **{n['cannot tell']}**" in texts(app)
    assert "**+0.021** (95 % interval +0.004 to +0.038, which does **not** include" in texts(app)


def test_several_seeds_are_said_to_be_in_the_interval(runs, open_app):
    write_study(runs / "demo", names=names_of(5), n_seeds=3)

    assert "which includes the variance between training seeds" in texts(open_app(GAINS))


def test_the_table_shows_the_numbers_of_the_analysis_largest_gain_first(labels, open_app):
    shown = table(open_app(GAINS))

    assert shown["Label"].tolist() == labels["label"].tolist()
    named = {"Gain": "gain", "Gain, low": "gain_low", "Gain, high": "gain_high"}
    named |= {"p": "gain_p", "q": "gain_q", "Enough positives": "supported"}
    for heading, column in named.items():
        assert shown[heading].tolist() == labels[column].tolist()
    words = [f"{VERDICTS[verdict].glyph} {verdict}" for verdict in labels["verdict"]]
    assert shown["Verdict"].tolist() == words


def test_the_picture_and_the_table_show_the_same_labels(labels, open_app):
    app = open_app(GAINS, verdict="helped")

    assert drawn_names(app) == table(app)["Label"].tolist()


@pytest.mark.parametrize(
    ("order", "column"),
    [("clearest first (lowest q)", "gain_q"), ("hardest first", "difficulty_rank")],
)
def test_the_order_sorts_the_labels_and_opens_from_a_link(labels, open_app, order, column):
    app = open_app(GAINS)

    app.selectbox(key="sort").select(order).run()

    expected = labels.sort_values(column)["label"].tolist()
    assert table(app)["Label"].tolist() == expected
    assert table(open_app(GAINS, sort=order))["Label"].tolist() == expected


def test_the_verdict_filter_leaves_its_labels_and_opens_from_a_link(labels, open_app):
    app = open_app(GAINS)

    app.button_group(key="verdict").set_value(["helped", "hurt"]).run()

    expected = labels[labels["verdict"] != "cannot tell"]["label"].tolist()
    assert 0 < len(expected) < 20
    assert table(app)["Label"].tolist() == expected
    assert table(open_app(GAINS, verdict=["helped", "hurt"]))["Label"].tolist() == expected


def test_a_verdict_that_no_label_has_says_so(study, open_app):
    change_labels(study, lambda table: table.assign(verdict="helped"))

    app = open_app(GAINS, verdict="hurt")

    assert "No label has this verdict" in app.info[0].value
    assert not app.dataframe


def test_a_label_in_the_url_is_open(labels, open_app):
    label = labels.iloc[3]

    app = open_app(GAINS, label=label["label"])

    assert label["label"] in app.header[0].value
    assert f"Gain **{label['gain']:+.3f}**".replace("-", "−") in texts(app)


def test_a_label_without_a_gain_opens_and_is_not_listed(study, open_app):
    def forget(table):
        columns = [c for c in table if c.startswith("gain")]
        table.loc[table["label"] == "label 0003", columns] = np.nan
        return table

    change_labels(study, forget)

    app = open_app(GAINS, label="label 0003")

    assert not app.exception
    assert "Of 19 labels" in texts(app)
    assert "label 0003" not in table(app)["Label"].tolist()
    assert "label 0003" in app.header[0].value


def test_a_label_with_too_few_positives_is_in_italics_and_not_correlated(labels, study, open_app):
    change_labels(study, lambda table: table.assign(supported=table["label"] != "label 0003"))

    app = open_app(GAINS)

    ticks = dict(zip(drawn_names(app), chart(app, 0)["layout"]["yaxis"]["ticktext"], strict=True))
    assert [name for name, tick in ticks.items() if "<i>" in tick] == ["label 0003"]
    assert table(app).set_index("Label")["Enough positives"]["label 0003"] == np.False_
    assert "label 0003" not in {n for t in chart(app, 1)["data"] for n in t["customdata"]}
    rest = labels[labels["label"] != "label 0003"]
    rho = stats.spearmanr(rest["difficulty"], rest["gain"]).statistic
    assert f"rank correlation **{rho:+.2f}**".replace("-", "−") in texts(app)
    assert "19 labels)" in texts(app)


def test_the_gap_closed_stands_beside_the_gain(labels, gap, open_app):
    shown = table(open_app(GAINS)).set_index("Label")

    expected = gap.loc[shown.index]
    known = expected["closed"].notna()
    assert shown["Gap closed"].notna().tolist() == known.tolist()
    for heading, column in {"": "closed", ", low": "low", ", high": "high"}.items():
        drawn = shown[f"Gap closed{heading}"]
        assert drawn[known].tolist() == pytest.approx(expected[column][known].tolist())
        assert drawn[~known].isna().all()


@pytest.mark.parametrize("damage", ["missing", "damaged", "empty"])
def test_a_gap_that_cannot_be_read_is_explained_with_the_command_that_remakes_it(
    gap, study, open_app, damage
):
    file = study / "analysis" / "gap.parquet"
    if damage == "missing":
        file.unlink()
    elif damage == "damaged":
        file.write_bytes(b"PAR1 no")
    else:
        pd.DataFrame().to_parquet(file)

    app = open_app(GAINS)

    assert not app.exception
    assert "gap.parquet" in app.info[0].value
    assert app.code[0].value.startswith("python -m pipelines.study --recipe")
    assert len(table(app)) == 20
    assert "Gap closed" not in table(app)
    assert "Gap closed" not in texts(app)


def test_a_gap_that_was_analysed_again_is_read_again(gap, study, open_app):
    app = open_app(GAINS)
    file = study / "analysis" / "gap.parquet"
    pd.read_parquet(file).assign(closed=0.625).to_parquet(file)

    app.run()

    assert table(app)["Gap closed"].tolist() == [0.625] * 20


def test_images_that_could_never_decide_are_left_empty_in_the_table():
    row = {"label": "cat", "gain": 0.1, "verdict": "helped", "images_to_decide": 1500.0}
    labels = pd.DataFrame([row, row | {"images_to_decide": np.inf}])

    assert gains_table(labels)["Images to decide"].isna().tolist() == [False, True]


def test_a_study_without_a_distilled_student_explains_itself_and_stops(study, open_app):
    unknown = [f"gain{end}" for end in ("", "_low", "_high", "_p", "_q")]
    change_labels(study, lambda table: table.drop(columns=[*unknown, "verdict"]))
    pd.DataFrame().to_parquet(study / "analysis" / "map_gain.parquet")

    app = open_app(GAINS)

    assert not app.exception
    assert "no label has a gain" in app.info[0].value
    assert not app.get("plotly_chart")
    assert not app.dataframe


def test_the_correlations_are_scipys(labels, study, open_app):
    change_labels(study, lambda table: table.assign(supported=True))

    said = texts(open_app(GAINS))

    for column in ("difficulty", "disagreement"):
        rho = stats.spearmanr(labels[column], labels["gain"]).statistic
        assert f"rank correlation **{rho:+.2f}**".replace("-", "−") in said
    assert said.count("20 labels): ") == 2


def test_a_teacher_without_disagreement_says_so(study, open_app):
    change_labels(study, lambda table: table.drop(columns="disagreement"))

    app = open_app(GAINS)

    assert not app.exception
    assert "both a gain and a value of: disagreement" in app.info[-1].value
    assert len(app.get("plotly_chart")) == 2


@pytest.mark.parametrize(
    ("low", "high", "meaning"),
    [
        (0.1, 0.7, "labels with more difficulty gain **more**"),
        (-0.7, -0.1, "labels with more difficulty gain **less**"),
        (-0.1, 0.3, "whether labels with more difficulty gain more **cannot be told**"),
    ],
)
def test_a_correlation_is_told_from_none_by_its_interval(low, high, meaning):
    correlation = RankCorrelation(rho=(low + high) / 2, low=low, high=high, p=0.5, n=12)

    assert about_gain(correlation, "difficulty").endswith(f"12 labels): {meaning}.")


def test_too_few_labels_have_no_correlation(runs, open_app):
    write_study(runs / "demo", names=names_of(3))
    change_labels(runs / "demo", lambda table: table.assign(supported=True))

    assert "3 labels with too few different values" in texts(open_app(GAINS))


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
