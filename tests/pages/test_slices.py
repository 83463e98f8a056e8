"""Slices on the pages: what differs is said and drawn first, and nothing is where nothing is."""

import numpy as np
import pytest

from tests.pages.seen import charts, plain, table_with, texts, titles, values
from tests.pages.synthetic import HOSTILE_NAMES, add_slices, write_study

DATA, LABEL = "pages/6_Data.py", "pages/4_Label.py"
PLANTED = "label 0003"


def test_the_difference_that_was_planted_is_drawn_and_said_first(study, open_app):
    rows = add_slices(study, planted=PLANTED)

    app = open_app(DATA, part="slices")

    assert not app.exception
    own = rows.query("split == 'all' and metric == 'prevalence' and label == @PLANTED")
    north = own.query("slice == 'north'").iloc[0]
    said = plain(texts(app))
    assert f"1 of 20 tested labels differ beyond chance, most surely **{PLANTED}**" in said
    first, second = (100 * north[side] for side in ("value", "rest"))
    assert f"({first:.0f} % and {second:.1f} %, q < 0.001)" in said or (
        f"({second:.1f} % and {first:.0f} %, q < 0.001)" in said
    )
    (chart,) = charts(app)
    bars, _, north_dots, _, rest_dots = chart["data"]
    assert bars["customdata"][0] == PLANTED
    assert chart["layout"]["yaxis"]["ticktext"][0].startswith("<b>")
    assert not chart["layout"]["yaxis"]["ticktext"][1].startswith("<b>")
    drawn = [values(dots["x"])[0] for dots in (north_dots, rest_dots)]
    assert set(drawn) == {north["value"], north["rest"]}


def test_the_table_holds_the_numbers_of_the_analysis(study, open_app):
    rows = add_slices(study, planted=PLANTED)

    app = open_app(DATA, part="slices")

    table = table_with(app, "Difference, low")
    said = plain(next(c.value for c in app.caption if "Rest:" in c.value))
    own = rows[rows["slice"] == said.removeprefix("Slice: ").split(".")[0]]
    own = own.query("split == 'all' and scope == 'label'")
    own = own.set_index("label").loc[table["Label"]]
    for head, column in {"Slice": "value", "Rest": "rest", "q": "q"}.items():
        np.testing.assert_allclose(table[head], own[column])
    means = table_with(app, "Mean over labels")
    assert means["Mean over labels"].tolist().count("AUROC") == 1  # one of two mirrored slices


def test_where_nothing_differs_no_label_is_named(study, open_app):
    add_slices(study)

    said = plain(texts(open_app(DATA, part="slices")))

    assert "beyond chance (20 labels tested)" in said
    assert "No slice is ranked better or worse beyond chance" in said


def test_another_slice_of_several_may_be_picked_and_is_in_the_link(study, open_app):
    add_slices(study, sites=("north", "south", "west"), planted=PLANTED)

    app = open_app(DATA, part="slices")
    assert app.selectbox("slice").value == "north"  # which differs most
    app.selectbox("slice").select("west").run()

    assert not app.exception
    assert "images of west and on the" in plain(texts(app))
    assert "all other images" in plain(texts(app))
    assert "west" in plain(texts(open_app(DATA, part="slices", slice="west")))


def test_a_label_shows_its_measures_on_every_slice(study, open_app):
    rows = add_slices(study, planted=PLANTED)

    app = open_app(LABEL, label=PLANTED)

    assert not app.exception
    assert "Is it alike on every slice?" in [header.value for header in app.header]
    prevalence = rows.query(
        "split == 'test' and metric == 'prevalence' and label == @PLANTED and slice == 'north'"
    ).iloc[0]
    assert f"prevalence: **{prevalence['value']:.3f}** on north" in plain(texts(app)) or (
        f"prevalence: **{prevalence['rest']:.3f}** on south" in plain(texts(app))
    )
    assert any(title.startswith("How often") for title in titles(app))
    table = table_with(app, "Measure")
    assert len(table) == 6  # of two slices one is the rest of the other
    ranking = rows.query("split == 'test' and metric == 'auroc' and label == @PLANTED")
    shown = table[table["Measure"] == "AUROC"]
    first, second = (f"{value:.3f}" for value in ranking["value"])
    assert shown[["Slice", "Rest"]].to_numpy().tolist() == [[first, second]]


def test_without_slices_the_data_page_says_how_to_have_them_and_the_label_page_nothing(
    study, open_app
):
    app = open_app(DATA, part="slices")
    assert "--data.slice_columns" in app.info[0].value
    assert not charts(app)

    app = open_app(LABEL)
    assert not app.exception
    assert "Is it alike on every slice?" not in [header.value for header in app.header]


@pytest.mark.parametrize("page", [DATA, LABEL])
def test_names_from_other_peoples_files_break_nothing(runs, open_app, page):
    names = list(HOSTILE_NAMES)
    study = write_study(runs / "odd", names=names)
    add_slices(study, sites=names[:3], planted=names[0])

    app = open_app(page, part="slices", label=names[0])

    assert not app.exception
    assert not any("<b>bold" in title for title in titles(app))
