import pandas as pd

from udviz.figures.models.curves import label_curves, loss_curves, score_curves, style_of
from udviz.figures.style.theme import NEUTRAL, model_styles

STYLES = model_styles(["teacher", "baseline", "distilled", "kd-2"])
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
    figure = score_curves(SCORES, STYLES, title="Scores")

    drawn = {trace.name.strip("\u2068\u2069"): list(trace.y) for trace in figure.data}
    assert drawn == {"teacher": [0.25, 0.5], "baseline-0": [0.125], "baseline-1": [0.375]}
    low, high = figure.layout.yaxis.range
    assert low == 0
    assert 0.5 < high <= 1  # from zero, and the highest mark is drawn whole


def test_seeds_of_one_model_differ_by_their_dashes():
    lines = [trace.line for trace in score_curves(SCORES, STYLES, title="Scores").data]

    assert lines[1].color == lines[2].color == STYLES["baseline"].colour
    assert lines[1].dash != lines[2].dash


def test_every_loss_has_a_panel_of_its_own():
    figure = loss_curves(LOSSES, STYLES["distilled"], title="Losses")

    titles = [annotation.text.strip("\u2068\u2069") for annotation in figure.layout.annotations]
    assert titles == ["a", "b", "c", "&lt;d&gt;"]
    assert len({trace.xaxis for trace in figure.data}) == 4
    assert [list(trace.y) for trace in figure.data] == [[0.2, 0.4]] * 4


def test_nothing_to_draw_is_an_empty_figure():
    assert not score_curves(SCORES.head(0), STYLES, title="Scores").data
    assert not loss_curves(LOSSES.head(0), STYLES["teacher"], title="Losses").data


def test_a_run_that_only_judges_labels_is_neutral():
    assert style_of("crossfit-0", STYLES).colour == NEUTRAL


def test_a_run_has_the_style_of_its_model_whatever_the_names_hold():
    assert style_of("teacher", STYLES) is STYLES["teacher"]
    assert style_of("baseline-3", STYLES) is STYLES["baseline"]
    assert style_of("kd-2-0", STYLES) is STYLES["kd-2"]


def test_the_hardest_labels_are_drawn_from_zero_to_one():
    rows = [("hard", 1, 0.1), ("hard", 2, 0.2), ("easy", 1, 0.9), ("easy", 2, 0.95)]
    precisions = pd.DataFrame(rows, columns=["label", "epoch", "value"])

    figure = label_curves(precisions, STYLES["teacher"], title="Labels")

    assert [list(trace.y) for trace in figure.data] == [[0.1, 0.2], [0.9, 0.95]]
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range == (0, 1)
