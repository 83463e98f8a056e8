import numpy as np
import pandas as pd

from udviz.figures.models.models import model_scores
from udviz.figures.style.theme import model_styles

STYLES = model_styles(["teacher", "distilled"])


def draw(chance=0.1):
    scores = pd.DataFrame(
        {
            "model": ["teacher", "distilled"],
            "score": [0.7, 0.6],
            "low": [0.65, 0.5],
            "high": [0.74, 0.68],
        }
    )
    return model_scores(scores, STYLES, axis_title="Mean AP", chance=chance, title="t")


def test_each_model_has_its_score_and_interval_on_an_axis_from_zero_to_one():
    figure = draw()

    dots = [trace for trace in figure.data if trace.mode == "markers"]
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert [list(t.x) for t in dots] == [[0.7], [0.6]]
    assert [list(t.x[:2]) for t in lines] == [[0.65, 0.74], [0.5, 0.68]]
    assert figure.layout.xaxis.range == (0, 1)


def test_each_model_is_named_in_words_beside_its_mark():
    ticks = draw().layout.yaxis.ticktext

    assert "◆" in ticks[0]
    assert "teacher" in ticks[0]
    assert "distilled" in ticks[1]


def test_the_score_stands_beside_its_interval():
    texts = [(a.text, a.x) for a in draw().layout.annotations]

    assert ("0.700", 0.74) in texts
    assert ("0.600", 0.68) in texts


def test_the_score_of_a_random_ranking_is_said():
    assert "random ranking: 0.100" in [a.text for a in draw().layout.annotations]


def test_a_random_ranking_that_is_nearly_perfect_is_named_within_the_chart():
    anchors = {
        chance: [a.xanchor for a in draw(chance).layout.annotations if "random" in a.text]
        for chance in (0.1, 0.94)
    }

    assert anchors == {0.1: ["center"], 0.94: ["right"]}


def test_an_unknown_chance_is_not_drawn():
    assert len(draw(chance=np.nan).layout.annotations) == 2


def test_a_score_near_one_is_written_where_it_is_not_cut_off():
    scores = pd.DataFrame({"model": ["teacher"], "score": [0.95], "low": [0.93], "high": [0.97]})

    figure = model_scores(scores, STYLES, axis_title="AP", chance=np.nan, title="t")

    (note,) = figure.layout.annotations
    assert (note.text, note.x, note.xanchor) == ("0.950", 0.93, "right")
