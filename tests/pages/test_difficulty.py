import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.pages.conftest import DIFFICULTY
from tests.pages.seen import charts, table_with, texts
from tests.pages.synthetic import (
    EIGHT,
    HOSTILE_NAMES,
    change_tables,
    names_of,
    table_of,
    write_study,
)
from udviz.figures.style.text import number, one_line


@pytest.fixture
def labels(study):
    """Labels of the test split, hardest first; those with too few positives follow."""
    table = table_of(study, "labels").query("split == 'test'")
    order = {"by": ["supported", "difficulty_rank"], "ascending": [False, True]}
    return table.sort_values(**order, ignore_index=True)


def drawn_names(app):
    return charts(app)[0]["data"][0]["customdata"]


def test_the_table_shows_the_numbers_of_the_analysis_hardest_first(labels, study, open_app):
    table = table_with(open_app(DIFFICULTY), "Rank")

    assert table["Label"].tolist() == labels["label"].tolist()
    assert table["Rank"].tolist() == labels["difficulty_rank"].tolist()
    enough = labels["supported"].tolist()
    assert enough == sorted(enough, reverse=True)
    assert set(enough) == {True, False}
    scores = table_of(study, "scores").query("split == 'test' and model == 'distilled'")
    expected = scores.set_index("label")["average_precision"][table["Label"]]
    assert table["AP distilled"].tolist() == expected.tolist()


def test_the_picture_and_the_table_show_the_same_labels(labels, open_app):
    app = open_app(DIFFICULTY)

    assert drawn_names(app) == table_with(app, "Rank")["Label"].tolist()


def test_the_name_filter_leaves_the_labels_that_hold_the_text(study, open_app):
    app = open_app(DIFFICULTY)

    app.text_input(key="name").input("LABEL 001").run()

    assert sorted(table_with(app, "Rank")["Label"]) == [f"label 001{i}" for i in range(10)]


def test_the_cause_filter_leaves_the_labels_with_that_cause(labels, open_app):
    app = open_app(DIFFICULTY)

    app.button_group(key="cause").set_value(["rare"]).run()

    expected = labels[labels["causes"].str.contains("rare")]["label"].tolist()
    assert 0 < len(expected) < 20
    assert table_with(app, "Rank")["Label"].tolist() == expected


@pytest.mark.parametrize("by_link", [False, True])
def test_the_filter_of_supercategories_leaves_their_labels(labels, study, open_app, by_link):
    every = table_of(study, "labels")
    above = np.where(every["column"] % 3, "animal", "")
    change_tables(study, labels=every.assign(supercategory=above))

    app = open_app(DIFFICULTY, **({"supercategory": "animal"} if by_link else {}))
    if not by_link:
        app.multiselect(key="supercategory").set_value(["animal"]).run()

    rows = table_with(app, "Rank")
    assert len(rows) == (labels["column"] % 3 > 0).sum() < len(labels)
    assert set(rows["Supercategory"]) == {"animal"}


def test_the_support_filter_leaves_labels_with_enough_positives(labels, open_app):
    app = open_app(DIFFICULTY)

    app.number_input(key="support").set_value(100).run()

    assert table_with(app, "Rank")["Positives"].min() >= 100
    assert len(table_with(app, "Rank")) == (labels["positives"] >= 100).sum()


def test_filters_that_nothing_fits_say_so(study, open_app):
    app = open_app(DIFFICULTY)

    app.text_input(key="name").input("no such label").run()

    assert not app.dataframe
    assert not app.get("plotly_chart")


def test_a_label_in_the_url_is_open(labels, study, open_app):
    label = labels.iloc[3]

    app = open_app(DIFFICULTY, label=label["label"])

    assert label["label"].split()[1] in app.header[0].value
    assert "Difficulty rank **4**" in texts(app)
    scores = table_of(study, "scores").query("split == 'test' and label == @label.label")
    shown = table_with(app, "AUROC")["AP"].tolist()
    assert shown == [f"{score:.3f}" for score in scores["average_precision"]]


def test_a_chosen_label_is_in_the_url(study, open_app):
    app = open_app(DIFFICULTY)

    app.selectbox(key="label").select("label 0007").run()

    assert app.query_params["label"] == "label 0007"


def test_closing_the_label_takes_it_out_of_the_url(study, open_app):
    app = open_app(DIFFICULTY, label="label 0007")

    next(button for button in app.button if button.label == "Close").click().run()

    assert "label" not in app.query_params
    assert len(app.dataframe) == 1


def test_a_link_to_a_label_that_is_not_here_says_so(study, open_app):
    app = open_app(DIFFICULTY, label="unicorn")

    assert "link asks for a label that is not here" in app.sidebar.warning[0].value


def test_thirty_labels_are_drawn_and_the_rest_are_pages(runs, open_app):
    write_study(runs / "many", names=names_of(2000))
    app = open_app(DIFFICULTY)
    first = drawn_names(app)

    app.pagination(key="page").set_value(2).run()

    assert len(first) == len(drawn_names(app)) == 30
    assert not set(first) & set(drawn_names(app))
    assert len(table_with(app, "Rank")) == 2000


def test_hostile_names_open_and_read_as_they_are(runs, open_app):
    write_study(runs / "odd", names=list(HOSTILE_NAMES))
    app = open_app(DIFFICULTY)

    for name in HOSTILE_NAMES:
        app.selectbox(key="label").set_value(name).run()

        assert not app.exception
        unescaped = app.header[0].value.replace("\\", "").replace("\u200b", "")
        assert unescaped.strip("\u2068\u2069") == one_line(name)


def test_a_label_that_no_image_carries_says_so_and_comes_last(study, open_app):
    labels, scores = table_of(study, "labels"), table_of(study, "scores")
    gains = table_of(study, "comparisons")
    labels.loc[labels["label"] == "label 0003", ["difficulty_rank", "rank_low", "rank_high"]] = -1
    aps = [c for c in scores if c.startswith("average_precision")]
    scores.loc[scores["label"] == "label 0003", aps] = np.nan
    gains.loc[gains["label"] == "label 0003", ["gain", "gain_low", "gain_high"]] = np.nan
    change_tables(study, labels=labels, scores=scores, comparisons=gains)

    app = open_app(DIFFICULTY, label="label 0003")

    assert not app.exception
    assert "No image of this split carries it" in app.info[0].value
    assert table_with(app, "Rank")["Label"].tolist()[-1] == "label 0003"


def test_an_order_by_the_reference_and_one_by_the_model_after(labels, study, open_app):
    scores = table_of(study, "scores").query("split == 'test'")

    for name in ("teacher", "distilled"):
        app = open_app(DIFFICULTY, order=f"lowest AP first ({name})")

        own = scores[scores["model"] == name].merge(labels[["label", "supported"]])
        own = own.sort_values(["supported", "average_precision"], ascending=[False, True])
        assert table_with(app, "Rank")["Label"].tolist() == own["label"].tolist()


def test_two_numbers_of_the_labels_are_drawn_against_each_other_and_correlated(labels, open_app):
    app = open_app(DIFFICULTY, x="disagreement", y="difficulty")

    drawn = charts(app)[-1]
    rho = spearmanr(labels["disagreement"], labels["difficulty"]).statistic
    assert "Difficulty against disagreement" in drawn["layout"]["title"]["text"]
    assert any(f"**{number(rho, digits=2, sign=True)}**" in m.value for m in app.markdown)


def test_the_scatter_shows_the_labels_in_view(labels, open_app):
    app = open_app(DIFFICULTY)

    app.number_input(key="support").set_value(100).run()

    traces = charts(app)[-1]["data"]
    names = {name for trace in traces for name in trace.get("customdata", [])}
    assert names == set(labels[labels["positives"] >= 100]["label"])


def test_every_model_can_be_put_on_an_axis(runs, open_app):
    write_study(runs / "demo", names=names_of(20), models=EIGHT)

    app = open_app(DIFFICULTY, x="AP of kd", y="ECE of cam")

    assert {f"AP of {name}" for name in EIGHT} < set(app.selectbox(key="x").options)
    scores = table_of(runs / "demo", "scores").query("split == 'test'").set_index("label")
    ap = scores.query("model == 'kd'")["average_precision"]
    rho = spearmanr(ap, scores.query("model == 'cam'")["ece"][ap.index]).statistic
    assert f"**{number(rho, digits=2, sign=True)}**" in texts(app)


def test_numbers_that_a_study_lacks_are_not_offered(runs, open_app):
    study = write_study(runs / "demo", names=names_of(5), comparisons=())
    change_tables(study, labels=table_of(study, "labels").drop(columns="disagreement"))

    options = open_app(DIFFICULTY).selectbox(key="x").options

    assert "gain" not in options
    assert "disagreement" not in options
    assert "entropy" in options
