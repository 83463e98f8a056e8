import numpy as np
import pytest

from udviz.figures.calibration.decisions import points_over, precision_recall
from udviz.figures.style.theme import model_styles
from udviz.stats.decisions.confusion import Confusion, confusion
from udviz.stats.ranking.precision_recall import precision_recall_curve

PROBS = np.array([0.05, 0.15, 0.55, 0.65, 0.95, 0.25])
TARGETS = np.array([0, 0, 0, 1, 1, 0])
STYLES = model_styles(["teacher", "distilled"])


CURVE = precision_recall_curve(PROBS, TARGETS)


@pytest.fixture
def curves():
    return precision_recall({"teacher": CURVE}, STYLES, prevalence=1 / 3, title="t")


def test_the_curve_holds_each_precision_until_its_recall(curves):
    line = curves.data[0]

    assert line.x.tolist() == [0, 0.5, 1]
    assert line.y.tolist() == [1, 1, 1]
    assert line.line.shape == "vh"  # up or down at the old recall, then across to the new one


def test_the_point_is_where_the_threshold_puts_the_model(curves):
    point = confusion(PROBS, TARGETS, threshold=0.5)

    over = points_over(curves, {"teacher": CURVE}, {"teacher": point}, STYLES)

    assert (over.traces[0]["x"], over.traces[0]["y"]) == ([1.0], [2 / 3])
    assert "precision 0.667\nrecall 1.000" in over.html("said")
    assert curves.layout.shapes[0].y0 == 1 / 3


def test_a_model_that_predicts_nothing_stands_at_the_beginning_of_its_curve(curves):
    nothing = Confusion(true_positives=0, false_positives=0, false_negatives=2, true_negatives=4)

    over = points_over(curves, {"teacher": CURVE}, {"teacher": nothing}, STYLES)

    assert (over.traces[0]["x"], over.traces[0]["y"]) == ([0.0], [1.0])
    assert "predicts no image" in over.html("said")
