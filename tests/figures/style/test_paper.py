import pytest

from udviz.figures.style.figure import Figure
from udviz.figures.style.paper import printed
from udviz.figures.style.theme import put, set_frame


def figure_with(axis_title):
    figure = Figure()
    figure.add_scatter(x=[1], y=[2], name="baseline")
    set_frame(figure, title="Scores", plot_px=100, below_px=50)
    put(figure.select_xaxes(), title=axis_title)
    return figure


def test_a_printed_figure_has_no_title_and_none_of_its_room():
    figure = figure_with("Score")

    paper = printed(figure, width_mm=180)

    assert paper.layout.title.text == ""
    assert paper.layout.width == pytest.approx(860)
    assert paper.layout.height == figure.layout.height - 26
    assert paper.layout.margin.t == figure.layout.margin.t - 26
    assert paper.layout.font.color == "#1B2430"
    assert figure.layout.title.text == "Scores"  # the figure itself stays as it was


@pytest.mark.parametrize(
    ("width_mm", "title", "below"),
    [
        (85, "Mean average precision<br>(0 to 1, higher is better)", 68),
        (180, "Mean average precision (0 to 1, higher is better)", 50),
    ],
)
def test_a_title_that_is_too_long_for_its_axis_goes_on_two_lines(width_mm, title, below):
    figure = figure_with("Mean average precision (0 to 1, higher is better)")

    paper = printed(figure, width_mm=width_mm)

    assert paper.layout.xaxis.title.text == title
    assert paper.layout.margin.b == below
