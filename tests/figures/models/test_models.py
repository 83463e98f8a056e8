import numpy as np
import pandas as pd

from udviz.figures.models.models import model_scores


def draw(guess=0.1):
    scores = pd.DataFrame(
        {
            "role": ["teacher", "distilled"],
            "score": [0.7, 0.6],
            "low": [0.65, 0.5],
            "high": [0.74, 0.68],
        }
    )
    return model_scores(scores, axis_title="Mean AP", guess=guess, title="t")


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
    assert ticks[0].endswith("Teacher")
    assert ticks[1].endswith("Distilled")


def test_the_score_stands_beside_its_interval():
    texts = [(a.text, a.x) for a in draw().layout.annotations]

    assert ("0.700", 0.74) in texts
    assert ("0.600", 0.68) in texts


def test_what_a_guess_reaches_is_said():
    assert "a guess reaches 0.100" in [a.text for a in draw().layout.annotations]


def test_an_unknown_guess_is_not_drawn():
    assert len(draw(guess=np.nan).layout.annotations) == 2


def test_a_score_near_one_is_written_where_it_is_not_cut_off():
    scores = pd.DataFrame({"role": ["teacher"], "score": [0.95], "low": [0.93], "high": [0.97]})

    figure = model_scores(scores, axis_title="AP", guess=np.nan, title="t")

    (note,) = figure.layout.annotations
    assert (note.text, note.x, note.xanchor) == ("0.950", 0.93, "right")
