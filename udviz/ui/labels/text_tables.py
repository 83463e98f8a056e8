"""The numbers of models and labels as tables, named for a reader."""

from collections.abc import Mapping, Sequence

import pandas as pd

from udviz.figures.labels.scatter import column_of
from udviz.figures.style.text import count, interval, number, one_line
from udviz.figures.style.theme import MarkerStyle, verdict_style
from udviz.ui.frame.view import View

SHOWN = {
    "difficulty_rank": "Rank",
    "label": "Label",
    "supercategory": "Supercategory",
    "gain": "Gain",
    "gain_low": "Gain, low",
    "gain_high": "Gain, high",
    "verdict": "Verdict",
    "positives": "Positives",
    "train_positives": "In training",
    "causes": "Possible causes",
}
MORE = {
    "rank_low": "Rank, low",
    "rank_high": "Rank, high",
    "difficulty": "Difficulty",
    "q": "q",
    "prevalence": "Prevalence",
    "disagreement": "Disagreement, nats",
    "entropy": "Entropy, nats",
}
LEAN = (  # columns of the labels in a download, where not all are asked for
    *("label", "supercategory", "positives", "train_positives", "prevalence", "difficulty_rank"),
    *("rank_low", "rank_high", "difficulty", "average_precision", "average_precision_low"),
    *("average_precision_high", "ece", "gain", "gain_low", "gain_high", "q", "verdict", "causes"),
)


def model_table(view: View) -> pd.DataFrame:
    """Headline scores as text, one row per model."""
    supported, trained = supported_heads(view)
    rows = [
        {
            "Model": view.styles[model["model"]].text,
            "mAP": number(model["mean_ap"]),
            "95 % interval": interval(model["mean_ap_low"], model["mean_ap_high"]),
            supported: number(model["mean_ap_supported"]),
            trained: number(model["mean_ap_trained"]),
            "CF1": number(model["cf1"]),
            "OF1": number(model["of1"]),
            "CF1, chosen": number(model["cf1_chosen"]),
            "OF1, chosen": number(model["of1_chosen"]),
            "Macro F1": number(model["macro_f1"]),
            "Seeds": count(model["seeds"]),
            "SD over seeds": number(model["mean_ap_seed_sd"]),
            "Made how": one_line(model["description"]),
        }
        for _, model in view.models.iterrows()
    ]
    table = pd.DataFrame(rows).set_index("Model")
    chosen = ["CF1, chosen", "OF1, chosen"]
    again = [head for head in (supported, trained) if head not in told_apart(view)]
    again += [] if has_validation(view) else chosen
    several = (view.models["seeds"] > 1).any()
    return table.drop(columns=again + ([] if several else ["SD over seeds"]))


def has_validation(view: View) -> bool:
    """Whether thresholds were chosen on a validation split; else all are 0.5."""
    return "val" in view.study.splits


def told_apart(view: View) -> list[str]:
    """Those of `supported_heads` that are of some labels only, and so are not the mAP again."""
    known, models = ("n_supported", "n_trained"), view.models
    is_part = [bool(((models[n] > 0) & (models[n] < models["n_labels"])).any()) for n in known]
    return [head for head, part in zip(supported_heads(view), is_part, strict=True) if part]


def supported_heads(view: View) -> tuple[str, str]:
    """Heads of the mAP over labels with enough positives in this split, and in training."""
    least = view.study.setting("min_positives")
    trained = view.study.setting("min_train_positives")
    return (
        f"mAP, ≥ {least} positives" if least else "mAP, enough positives",
        f"mAP, ≥ {trained} in training" if trained else "mAP, enough in training",
    )


def model_scores(models: pd.DataFrame) -> pd.DataFrame:
    """Mean average precision per model, as the figure `model_scores` takes it."""
    names = {"mean_ap": "score", "mean_ap_low": "low", "mean_ap_high": "high"}
    return models.rename(columns=names)[["model", "score", "low", "high"]]


def label_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Average precision of one label per model that has one, as `model_scores` takes it."""
    names = {"average_precision": "score", "average_precision_low": "low"}
    names |= {"average_precision_high": "high"}
    known = scores[scores["average_precision"].notna()]
    return known.rename(columns=names)[["model", "score", "low", "high"]]


def label_model_table(scores: pd.DataFrame, styles: Mapping[str, MarkerStyle]) -> pd.DataFrame:
    """One label's numbers as text, one row per model."""
    rows = [
        {
            "Model": styles[row["model"]].text,
            "AP": number(row["average_precision"]),
            "95 % interval": interval(row["average_precision_low"], row["average_precision_high"]),
            "AUROC": number(row["auroc"]),
            "ECE": number(row["ece"]),
            "ECE expected": number(row["ece_expected"]),
            "Brier": number(row["brier"]),
        }
        for _, row in scores.iterrows()
    ]
    return pd.DataFrame(rows).set_index("Model")


def with_scores(
    labels: pd.DataFrame,
    scores: pd.DataFrame,
    models: Sequence[str],
    *,
    quantities: Sequence[str] = ("average_precision", "ece"),
) -> pd.DataFrame:
    """``labels`` with the scores of every model side by side, columns as `column_of` names them."""
    own = {name: rows.set_index("label") for name, rows in scores.groupby("model", sort=False)}
    wide = {
        column_of(quantity, name): labels["label"].map(own[name][quantity])
        for quantity in quantities
        for name in models
        if name in own
    }
    return pd.concat([labels, pd.DataFrame(wide, index=labels.index)], axis=1)


def label_table(labels: pd.DataFrame, view: View) -> pd.DataFrame:
    """One row per label, numbers as numbers so that the table sorts by them.

    Columns that this study does not have are left out.
    """
    table = with_scores(labels, view.scores, view.names)
    table = table.assign(verdict=labels["verdict"].map(verdict_word))
    if not labels["gain"].notna().any():
        table = table.drop(columns="verdict")
    heads = label_heads(view.names)
    known = [name for name in heads if name in table and table[name].notna().any()]
    return table[known].rename(columns=heads).reset_index(drop=True)


def label_heads(models: Sequence[str]) -> dict[str, str]:
    """Column of the labels -> its head, in the order in which they are shown."""
    aps = {column_of("average_precision", name): f"AP {one_line(name)}" for name in models}
    eces = {column_of("ece", name): f"ECE {one_line(name)}" for name in models}
    rank, label, *rest = SHOWN.items()
    return dict([rank, label]) | aps | dict(rest) | MORE | eces


def verdict_word(verdict: object) -> str:
    """Glyph and word of a verdict from a table; an empty cell is inconclusive."""
    return verdict_style(verdict).text
