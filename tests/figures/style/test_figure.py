import pytest
from plotly.subplots import make_subplots

from udviz.figures.style.figure import Figure, subplots
from udviz.figures.style.theme import put


@pytest.mark.parametrize(
    "settings",
    [
        {"cols": 3, "shared_yaxes": True, "column_widths": [3, 2, 1]},
        {"rows": 2, "cols": 2, "specs": [[{}, {}], [{}, None]], "subplot_titles": ["a", "b", "c"]},
    ],
)
def test_the_plots_are_those_that_plotly_makes_and_marks_lie_in_theirs(settings):
    ours, theirs = subplots(**settings), make_subplots(**settings)

    ours.add_bar(x=[1], y=[2], row=settings.get("rows", 1), col=1)
    theirs.add_bar(x=[1], y=[2], row=settings.get("rows", 1), col=1)

    assert ours.plotly() == theirs


def test_what_is_drawn_in_one_figure_is_not_in_the_next():
    first = subplots(rows=2)
    first.add_scatter(x=[1], y=[2], row=2, col=1)
    put(first.select_xaxes(row=2), range=[0, 1])

    second = subplots(rows=2)

    assert first.data[0].xaxis == "x2"
    assert first.layout.xaxis2.range == (0, 1)
    assert second.plotly() == make_subplots(rows=2)


def test_a_setting_is_put_into_every_part_and_the_others_stay():
    figure = Figure(
        {"xaxis": {"visible": True}, "xaxis2": {}}, {(1, 1): ("x", "y"), (1, 2): ("x2", "y")}
    )

    put(figure.select_xaxes(), {"range": [0, 1]}, title="t")

    assert [axis["range"] for axis in figure.select_xaxes()] == [[0, 1], [0, 1]]
    assert [axis["title"] for axis in figure.select_xaxes()] == [{"text": "t"}] * 2
    assert figure.layout.xaxis.visible is True


def test_plotly_names_a_setting_that_it_does_not_know():
    figure = Figure()
    figure.add_scatter(x=[1], y=[2], colour="red")

    with pytest.raises(ValueError, match="colour"):
        figure.plotly()
