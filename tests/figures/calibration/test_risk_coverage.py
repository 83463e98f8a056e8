import numpy as np

from udviz.figures.calibration.risk_coverage import risk_coverage_curves
from udviz.figures.style.theme import model_styles
from udviz.stats.uncertainty.error_detection import risk_coverage

STYLES = model_styles(["teacher", "distilled"])


def test_every_measure_is_drawn_between_the_best_and_the_error_rate(rng):
    wrong = rng.random(300) < 0.2
    curves = {name: risk_coverage(rng.random(300), wrong) for name in ("entropy", "disagreement")}
    oracle = risk_coverage(wrong.astype(float), wrong)

    figure = risk_coverage_curves(curves, oracle, style=STYLES["teacher"], title="t")

    drawn = {trace.name: trace for trace in figure.data}
    for name, curve in curves.items():
        assert drawn[name].x.tolist() == curve.coverage.tolist()
        assert drawn[name].y.tolist() == curve.risk.tolist()
    assert drawn["entropy"].line.dash != drawn["disagreement"].line.dash
    assert drawn["oracle ordering"].y.tolist() == oracle.risk.tolist()
    assert figure.layout.shapes[0].y0 == wrong.mean()
    assert figure.layout.yaxis.range[1] > max(curve.risk.max() for curve in curves.values())


def test_all_measures_end_where_all_images_are_kept(rng):
    wrong = np.arange(50) % 5 == 0
    curve = risk_coverage(rng.random(50), wrong)

    figure = risk_coverage_curves({"margin": curve}, curve, style=STYLES["distilled"], title="t")

    end = figure.data[-1]
    assert (end.x, end.y) == ((1.0,), (0.2,))
    assert end.name == "all images kept: 0.200"
