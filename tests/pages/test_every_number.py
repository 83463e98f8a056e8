"""A walk through the pages of one study: what a table shows is what the analysis found.

Every head of every table has a source below, or the walk fails: a new table wants one.
"""

import re

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from tests.pages.caches import cache_of
from tests.pages.seen import plain, texts
from tests.pages.synthetic import table_of
from tests.pages.walked import (
    OPENED,
    Row,
    check,
    frames,
    numbers_of,
    per_model,
    rows_of,
    span,
    text,
    texts_of,
)
from udviz.export.card import card_of
from udviz.export.report import study_report
from udviz.figures.style.theme import verdict_style
from udviz.predictions.cache import open_predictions
from udviz.ui.frame.view import view_of
from udviz.ui.load.analysis_rows import load_study

MODELS = {
    "mAP": lambda row: text(row.model_row("mean_ap")),
    "95 % interval": span(Row.model_row, "mean_ap"),
    "mAP, ≥ 20 positives": lambda row: text(row.model_row("mean_ap_supported")),
    "mAP, ≥ 30 in training": lambda row: text(row.model_row("mean_ap_trained")),
    "Seeds": lambda row: str(row.model_row("seeds")),
    "SD over seeds": lambda row: text(row.model_row("mean_ap_seed_sd")),
    "Made how": lambda row: row.model_row("description"),
    **texts_of(Row.model_row, CF1="cf1", OF1="of1", **{"Macro F1": "macro_f1"}),
    **texts_of(Row.model_row, **{"CF1, chosen": "cf1_chosen", "OF1, chosen": "of1_chosen"}),
}
LABELS = {
    **numbers_of(Row.label_row, Rank="difficulty_rank", Positives="positives"),
    **numbers_of(Row.label_row, Difficulty="difficulty", Prevalence="prevalence"),
    **numbers_of(Row.label_row, **{"In training": "train_positives", "Rank, low": "rank_low"}),
    **numbers_of(Row.label_row, **{"Rank, high": "rank_high", "Possible causes": "causes"}),
    **numbers_of(Row.label_row, **{"Disagreement, nats": "disagreement"}),
    **numbers_of(Row.label_row, **{"Entropy, nats": "entropy"}),
    **per_model("AP {}", Row.score, "average_precision"),
    **per_model("ECE {}", Row.score, "ece"),
}
GAINS = {
    **numbers_of(Row.change, Gain="gain", p="p", q="q", Before="before_value", After="after_value"),
    **numbers_of(Row.change, **{"Gain, low": "gain_low", "Gain, high": "gain_high"}),
    **numbers_of(Row.change, **{"Gain without 1 %": "gain_without_few"}),
    **numbers_of(Row.change, **{"Detectable gain": "detectable_gain"}),
    "Verdict": lambda row: verdict_style(row.change("verdict")).text,
    "Enough positives": lambda row: row.label_row("supported"),
    **{
        f"Gap closed{end}": lambda row, c=column: row.change(c, "gap")
        for end, column in {"": "closed", ", low": "closed_low", ", high": "closed_high"}.items()
    },
}
ONE_LABEL = {
    **texts_of(Row.score, AP="average_precision", AUROC="auroc", ECE="ece", Brier="brier"),
    **texts_of(Row.score, **{"ECE expected": "ece_expected"}),
    "95 % interval": span(Row.score, "average_precision"),
}
POOLED = {
    **texts_of(Row.calibration, ECE="ece", MCE="mce", Brier="brier", NLL="nll"),
    **texts_of(Row.calibration, **{"ECE expected": "ece_null"}),
    **texts_of(Row.calibration, **{"ECE, 95th percentile": "ece_null_upper"}),
    "ECE above expected": lambda row: text(row.calibration("ece_excess"), sign="+"),
}
CALIBRATION = {
    **per_model("ECE above expected, {}", Row.calibration, "ece_excess"),
    **per_model("ECE, {}", Row.calibration, "ece"),
    **per_model("ECE expected, {}", Row.calibration, "ece_null"),
    "Positives": lambda row: row.find(
        "calibration", "positives", model="teacher", label=row.label, recalibration="none"
    ),
}


def counted(row: Row, split: str) -> object:
    return row.find("label_counts", "positives", split=split, label=row.label)


COUNTS = {
    "Training": lambda row: counted(row, "train"),
    "Validation": lambda row: counted(row, "val"),
    "Test": lambda row: counted(row, "test"),
}


def predictions(row: Row, model: str, split: str = "test") -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and targets of the row's label, from the cache of the model's first run."""
    run = open_predictions(cache_of(row.study, model, split))
    column = list(run.label_names).index(row.label)
    return 1 / (1 + np.exp(-run.logits[:, column].astype(float))), run.targets[:, column] == 1


def decided(row: Row, model: str, threshold: float, split: str = "test") -> dict[str, float]:
    probs, carried = predictions(row, model, split)
    called = probs >= threshold
    counts = {
        "TP": (called & carried).sum(),
        "FP": (called & ~carried).sum(),
        "FN": (~called & carried).sum(),
        "TN": (~called & ~carried).sum(),
    }
    return {
        **counts,
        "Precision": counts["TP"] / max(called.sum(), 1),
        "Recall": counts["TP"] / carried.sum(),
        "F1": 2 * counts["TP"] / (called.sum() + carried.sum()),
        "Predicted": called.mean(),
        "Prevalence": carried.mean(),
        "Positives": carried.sum(),
    }


def threshold_of(row: Row) -> float:
    """What the analysis chose for the first run of the row's model."""
    rows = table_of(row.study, "thresholds")
    (found,) = rows[(rows["model"] == row.model) & (rows["label"] == row.label)]["threshold"]
    return float(found)


def best_f1(row: Row, model: str) -> float:
    """The highest F1 that any threshold has on validation."""
    probs, carried = predictions(row, model, "val")
    precision, recall, _ = precision_recall_curve(carried, probs)
    return float((2 * precision * recall / np.maximum(precision + recall, 1e-12)).max())


SOURCES = {  # page -> what its tables are made of, in their order
    "overview.py": [MODELS],
    "pages/1_Difficulty.py": [ONE_LABEL, LABELS | GAINS],
    "pages/2_Reliability.py": [POOLED, CALIBRATION],
    "pages/3_Gains.py": [ONE_LABEL, GAINS],
    "pages/6_Data.py": [COUNTS],
}


@pytest.mark.parametrize("page", SOURCES)
def test_every_number_of_a_table_is_that_of_the_analysis(walked, open_app, page):
    asked = {} if page == "pages/2_Reliability.py" else {"label": OPENED}  # there all, pooled
    found = frames(open_app(page, study="demo", **asked))

    assert len(found) == len(SOURCES[page])
    for frame, sources in zip(found, SOURCES[page], strict=True):
        assert len(frame)
        check(walked, page, frame, sources)


def test_every_decision_of_a_label_is_counted_from_the_predictions(walked, open_app):
    scores, decisions, measures = frames(open_app("pages/4_Label.py", study="demo", label=OPENED))

    check(walked, "Label", scores, ONE_LABEL)
    for cells in rows_of(decisions):
        row = Row(walked, cells)
        threshold = threshold_of(row)
        expected = decided(row, row.model, threshold)
        assert cells["Threshold"] == text(threshold, digits=4)
        for head in ("TP", "FP", "FN", "TN"):
            assert cells[head] == f"{expected[head]:,}"
        for head in ("Precision", "Recall", "F1"):
            assert str(cells[head]).partition(" ")[0] == text(expected[head])
    assert measures["Error rate"].nunique() == 1


def test_every_threshold_is_the_best_on_validation_and_gives_what_is_said(walked, open_app):
    (table,) = frames(open_app("pages/8_Thresholds.py", study="demo"))

    for cells in rows_of(table):
        row = Row(walked, cells)
        threshold = float(cells["Threshold"])
        chosen_on = decided(row, "distilled", threshold, "val")
        assert chosen_on["F1"] == pytest.approx(best_f1(row, "distilled"))
        expected = decided(row, "distilled", threshold)
        for head in ("Precision", "Recall", "F1", "Predicted", "Prevalence", "Positives"):
            assert cells[head] == pytest.approx(expected[head]), (row.label, head)


def test_every_sentence_on_a_study_is_that_of_its_resolved_recipe(walked, open_app):
    recipe = walked / "study.toml"
    before = recipe.read_text()
    recipe.write_text(
        'name = "voc2007"\ndescription = "448 px, SGD, on Pascal VOC 2007"\nseeds = [5, 7]\n'
        'min_positives = 17\nmin_train_positives = 23\n[data]\nkind = "table"\nside_px = 123\n'
        'root = "/somewhere/blood cells"\n'
    )
    try:
        app = open_app(study="demo")
        view = view_of(load_study(walked), "test")
    finally:
        recipe.write_text(before)
    report = re.sub("<script.*?</script>", "", study_report(view), flags=re.DOTALL)
    told = [texts(app), plain(report).partition("<h3>Recipe")[0], str(card_of(view))]

    page, report, card = told
    for told_there in (page, report):
        assert "on the data in blood cells, images of 123 px" in told_there
        assert "≥ 17 positives" in told_there
        assert "≥ 23 in training" in told_there
    assert "Seeds: 5, 7." in card
    for wrong in ("448", "SGD", "Pascal", "embedded scenes"):
        assert not any(wrong in told_there for told_there in told)
