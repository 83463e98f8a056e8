import pandas as pd
import pytest

from udviz.figures.labels.panels import Rows
from udviz.figures.style.hover import label_summaries
from udviz.figures.style.theme import model_styles

MODELS = ("teacher", "baseline", "distilled")


def label_row(label: str, *, gain: float, verdict: str, rank: int, causes: str) -> dict:
    row = {"label": label, "gain": gain, "gain_low": gain - 0.02, "gain_high": gain + 0.02}
    row |= {"verdict": verdict, "supported": label != "cat", "positives": 40, "causes": causes}
    row |= {"prevalence": rank / 10}
    row |= {"difficulty_rank": rank, "rank_low": max(1, rank - 1), "rank_high": min(3, rank + 1)}
    return row


@pytest.fixture
def labels() -> pd.DataFrame:
    """Three labels, hardest first, one of each verdict."""
    return pd.DataFrame(
        [
            label_row("cat", gain=0.03, verdict="helped", rank=1, causes="rare, small"),
            label_row("<i>dog</i>", gain=-0.06, verdict="hurt", rank=2, causes=""),
            label_row("owl", gain=0.01, verdict="inconclusive", rank=3, causes="occluded"),
        ]
    )


@pytest.fixture
def scores(labels) -> pd.DataFrame:
    """Average precision of three models: 0.4, 0.5 and 0.6 of the first label, less of the next."""
    return pd.DataFrame(
        [
            {
                "model": model,
                "label": label,
                "average_precision": (ap := 0.4 + 0.1 * place - 0.01 * row),
                "average_precision_low": ap - 0.05,
                "average_precision_high": ap + 0.05,
            }
            for place, model in enumerate(MODELS)
            for row, label in enumerate(labels["label"])
        ]
    )


@pytest.fixture
def rows(labels, scores) -> Rows:
    return Rows(
        labels=labels,
        all_labels=labels,
        scores=scores,
        styles=model_styles(MODELS),
        pair=("baseline", "distilled"),
    )


@pytest.fixture
def hover(labels, scores) -> dict[str, str]:
    told = label_summaries(labels, scores, model_styles(MODELS))
    return dict(zip(labels["label"], told, strict=True))
