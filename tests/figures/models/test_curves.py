import pandas as pd

from udviz.figures.models.curves import label_curves, loss_curves, mark_of, score_curves
from udviz.figures.style.theme import NEUTRAL, ROLES

SCORES = pd.DataFrame(
    [
        ("teacher", 1, 0.25),
        ("teacher", 2, 0.5),
        ("baseline-0", 1, 0.125),
        ("baseline-1", 1, 0.375),
    ],
    columns=["run", "epoch", "validation_map"],
)
LOSSES = pd.DataFrame(
    [(loss, step, step / 100) for loss in ("a", "b", "c", "<d>") for step in (20, 40)],
    columns=["loss", "step", "value"],
)


def test_every_score_is_drawn_as_it_was_given():
    figure = score_curves(SCORES, title="Scores")

    drawn = {trace.name.strip("\u2068\u2069"): list(trace.y) for trace in figure.data}
    assert drawn == {"teacher": [0.25, 0.5], "baseline-0": [0.125], "baseline-1": [0.375]}
    low, high = figure.layout.yaxis.range
    assert low == 0
    assert 0.5 < high <= 1  # from zero, and the highest mark is drawn whole


def test_seeds_of_one_role_differ_by_their_dashes():
    lines = [trace.line for trace in score_curves(SCORES, title="Scores").data]

    assert lines[1].color == lines[2].color == ROLES["baseline"].colour
    assert lines[1].dash != lines[2].dash


def test_every_loss_has_a_panel_of_its_own():
    figure = loss_curves(LOSSES, run="distilled-0", title="Losses")

    titles = [annotation.text.strip("\u2068\u2069") for annotation in figure.layout.annotations]
    assert titles == ["a", "b", "c", "&lt;d&gt;"]
    assert len({trace.xaxis for trace in figure.data}) == 4
    assert [list(trace.y) for trace in figure.data] == [[0.2, 0.4]] * 4


def test_nothing_to_draw_is_an_empty_figure():
    assert not score_curves(SCORES.head(0), title="Scores").data
    assert not loss_curves(LOSSES.head(0), run="teacher", title="Losses").data


def test_a_run_that_only_judges_labels_is_neutral():
    assert mark_of("crossfit-0").colour == NEUTRAL
    assert mark_of("teacher") is ROLES["teacher"]


def test_the_hardest_labels_are_drawn_from_zero_to_one():
    rows = [("hard", 1, 0.1), ("hard", 2, 0.2), ("easy", 1, 0.9), ("easy", 2, 0.95)]
    precisions = pd.DataFrame(rows, columns=["label", "epoch", "value"])

    figure = label_curves(precisions, run="teacher", title="Labels")

    assert [list(trace.y) for trace in figure.data] == [[0.1, 0.2], [0.9, 0.95]]
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range == (0, 1)
