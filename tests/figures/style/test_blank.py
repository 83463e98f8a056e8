import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from udviz.figures.style.blank import subplots
from udviz.figures.style.theme import put


@pytest.mark.parametrize(
    "settings",
    [
        {"cols": 3, "shared_yaxes": True, "column_widths": [3, 2, 1]},
        {"rows": 2, "cols": 2, "specs": [[{}, {}], [{}, None]], "subplot_titles": ["a", "b", "c"]},
    ],
)
def test_a_copy_is_what_plotly_makes(settings):
    subplots(**settings)

    again = subplots(**settings)

    assert again.to_plotly_json() == make_subplots(**settings).to_plotly_json()


def test_what_is_drawn_in_one_figure_is_not_in_the_next():
    first = subplots(rows=2)
    first.add_scatter(x=[1], y=[2], row=2, col=1)
    first.layout.xaxis.range = [0, 1]

    second = subplots(rows=2)

    assert first.data[0].xaxis == "x2"
    assert second == make_subplots(rows=2)


def test_a_setting_is_put_into_every_part_and_the_others_stay():
    figure = go.Figure(layout={"xaxis": {"visible": True}, "xaxis2": {}})

    put(figure.select_xaxes(), {"range": [0, 1]}, title="t")

    assert [axis.range for axis in figure.select_xaxes()] == [(0, 1), (0, 1)]
    assert [axis.title.text for axis in figure.select_xaxes()] == ["t", "t"]
    assert figure.layout.xaxis.visible is True
