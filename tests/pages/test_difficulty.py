import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from tests.pages.conftest import DIFFICULTY
from tests.pages.synthetic import HOSTILE_NAMES, names_of, write_study
from udviz.figures.style.text import number, one_line


@pytest.fixture
def labels(study):
    table = pd.read_parquet(study / "analysis" / "labels.parquet")
    return table.query("split == 'test'").sort_values("difficulty_rank")


def drawn_names(app):
    bars = json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]
    return bars["customdata"]


def test_the_table_shows_the_numbers_of_the_analysis_hardest_first(labels, open_app):
    table = open_app(DIFFICULTY).dataframe[0].value

    assert table["Label"].tolist() == labels["label"].tolist()
    assert table["Rank"].tolist() == list(range(1, 21))
    assert table["Distilled AP"].tolist() == pytest.approx(labels["ap_distilled"].tolist())


def test_the_picture_and_the_table_show_the_same_labels(labels, open_app):
    app = open_app(DIFFICULTY)

    assert drawn_names(app) == app.dataframe[0].value["Label"].tolist()


def test_the_name_filter_leaves_the_labels_that_hold_the_text(study, open_app):
    app = open_app(DIFFICULTY)

    app.text_input(key="name").input("LABEL 001").run()

    assert sorted(app.dataframe[0].value["Label"]) == [f"label 001{i}" for i in range(10)]


def test_the_cause_filter_leaves_the_labels_with_that_cause(labels, open_app):
    app = open_app(DIFFICULTY)

    app.button_group(key="cause").set_value(["rare"]).run()

    expected = labels[labels["causes"].str.contains("rare")]["label"].tolist()
    assert 0 < len(expected) < 20
    assert app.dataframe[0].value["Label"].tolist() == expected


def test_the_support_filter_leaves_labels_with_enough_positives(labels, open_app):
    app = open_app(DIFFICULTY)

    app.number_input(key="support").set_value(100).run()

    assert app.dataframe[0].value["Positives"].min() >= 100
    assert len(app.dataframe[0].value) == (labels["positives"] >= 100).sum()


def test_filters_that_nothing_fits_say_so(study, open_app):
    app = open_app(DIFFICULTY)

    app.text_input(key="name").input("no such label").run()

    assert "No label fits" in app.info[0].value
    assert not app.dataframe


def test_a_label_in_the_url_is_open(labels, open_app):
    label = labels.iloc[3]

    app = open_app(DIFFICULTY, label=label["label"])

    assert label["label"].split()[1] in app.header[0].value
    assert "Difficulty rank **4**" in "\n".join(m.value for m in app.markdown)
    assert app.table[0].value.loc["◆ Teacher", "AP"] == f"{label['ap_teacher']:.3f}"


def test_a_chosen_label_is_in_the_url(study, open_app):
    app = open_app(DIFFICULTY)

    app.selectbox(key="label").select("label 0007").run()

    assert app.query_params["label"] == "label 0007"


def test_closing_the_label_takes_it_out_of_the_url(study, open_app):
    app = open_app(DIFFICULTY, label="label 0007")

    next(button for button in app.button if button.label == "Close").click().run()

    assert "label" not in app.query_params
    assert not app.table


def test_a_link_to_a_label_that_is_not_here_says_so(study, open_app):
    app = open_app(DIFFICULTY, label="unicorn")

    assert "link asks for a label that is not here" in app.sidebar.warning[0].value


def test_forty_labels_are_drawn_and_the_rest_are_pages(runs, open_app):
    write_study(runs / "many", names=names_of(2000))
    app = open_app(DIFFICULTY)
    first = drawn_names(app)

    app.pagination(key="page").set_value(2).run()

    assert len(first) == len(drawn_names(app)) == 40
    assert not set(first) & set(drawn_names(app))
    assert len(app.dataframe[0].value) == 2000


def test_hostile_names_open_and_read_as_they_are(runs, open_app):
    write_study(runs / "odd", names=list(HOSTILE_NAMES))
    app = open_app(DIFFICULTY)

    for name in HOSTILE_NAMES:
        app.selectbox(key="label").set_value(name).run()

        assert not app.exception
        unescaped = app.header[0].value.replace("\\", "").replace("\u200b", "")
        assert unescaped.strip("\u2068\u2069") == one_line(name)


def test_a_label_that_no_image_carries_says_so(study, open_app):
    file = study / "analysis" / "labels.parquet"
    table = pd.read_parquet(file)
    unknown = [c for c in table if c.startswith(("ap_", "gain", "rank_", "difficulty"))]
    table.loc[table["label"] == "label 0003", unknown] = np.nan
    table.to_parquet(file)

    app = open_app(DIFFICULTY, label="label 0003")

    assert not app.exception
    assert "No image of this split carries it" in app.info[0].value
    assert app.dataframe[0].value["Label"].tolist()[-1] == "label 0003"


def test_a_look_alike_names_its_partners(study, open_app):
    file = study / "analysis" / "labels.parquet"
    pd.read_parquet(file).assign(causes="look-alike", partners="w*lf, dog").to_parquet(file)

    app = open_app(DIFFICULTY, label="label 0003")

    assert r"Looks like: \u2068w\*lf\, dog" in "\n".join(m.value for m in app.markdown).replace(
        "\u2068", r"\u2068"
    )


def test_an_analysis_without_ranks_and_causes_is_ranked_by_the_teacher(study, open_app):
    file = study / "analysis" / "labels.parquet"
    later = ["difficulty", "difficulty_rank", "rank_low", "rank_high", "causes", "disagreement"]
    table = pd.read_parquet(file).drop(columns=later)
    table.to_parquet(file)

    app = open_app(DIFFICULTY)

    assert not app.exception
    expected = table.query("split == 'test'").sort_values("ap_teacher")["label"].tolist()
    assert app.dataframe[0].value["Label"].tolist() == expected
    assert "Rank" not in app.dataframe[0].value
    assert not app.button_group


def test_two_numbers_of_the_labels_are_drawn_against_each_other_and_correlated(labels, open_app):
    app = open_app(DIFFICULTY, x="disagreement", y="difficulty")

    drawn = json.loads(app.get("plotly_chart")[-1].proto.spec)
    rho = spearmanr(labels["disagreement"], labels["difficulty"]).statistic
    assert drawn["layout"]["title"]["text"] == "Difficulty against disagreement"
    assert any(f"**{number(rho, digits=2, sign=True)}**" in m.value for m in app.markdown)


def test_the_scatter_shows_the_labels_in_view(labels, open_app):
    app = open_app(DIFFICULTY)

    app.number_input(key="support").set_value(100).run()

    traces = json.loads(app.get("plotly_chart")[-1].proto.spec)["data"]
    names = {name for trace in traces for name in trace.get("customdata", [])}
    assert names == set(labels[labels["positives"] >= 100]["label"])


def test_numbers_that_a_study_lacks_are_not_offered(study, open_app):
    file = study / "analysis" / "labels.parquet"
    pd.read_parquet(file).assign(gain=np.nan, disagreement=np.nan).to_parquet(file)

    app = open_app(DIFFICULTY)

    assert "gain" not in app.selectbox(key="x").options
    assert "disagreement" not in app.selectbox(key="x").options
    assert "entropy" in app.selectbox(key="x").options
