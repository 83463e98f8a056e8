"""What a paper says of a study: a table of models, one of gains, and what made them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from udviz.figures.style.text import MISSING, count, interval, number, one_line, p_value, plural
from udviz.launching.launch import Plan
from udviz.recipe.brought import BROUGHT
from udviz.recipe.files import RECIPES, parse_recipe, read_recipe
from udviz.ui.frame.view import View
from udviz.ui.load.study import Study, remake_command
from udviz.vocabulary import METRICS, VERDICTS


@dataclass(frozen=True, eq=False, kw_only=True)
class Card:
    """What a paper says of a study, as plain text.

    Attributes:
        title: Study and split.
        models: One row per model.
        gains: One row per comparison and metric; empty without comparisons.
        notes: Sentences: images, seeds, what the intervals hold, what the columns are.
        command: What made the study.
    """

    title: str
    models: pd.DataFrame
    gains: pd.DataFrame
    notes: tuple[str, ...]
    command: str


def card_of(view: View) -> Card:
    """The card of one split of a study."""
    return Card(
        title=one_line(f"{view.study.path.name}, {view.split} split"),
        models=_models(view),
        gains=_gains(view),
        notes=tuple(_notes(view)),
        command=made_by(view.study),
    )


def made_by(study: Study) -> str:
    """The command that made a study, as short as it can be typed."""
    if BROUGHT in study.recipe:
        return str(study.recipe.get("description", ""))
    try:
        recipe = parse_recipe(dict(study.recipe), source=str(study.path))
    except ValueError:
        return remake_command(study.path)
    if recipe.name not in {path.stem for path in RECIPES.glob("*.toml")}:  # comes along with no one
        return remake_command(study.path)
    base = read_recipe(RECIPES / f"{recipe.name}.toml")
    same_text = recipe.model_copy(update={"description": base.description})
    return Plan(source=recipe.name, recipe=same_text).typed(study.path)


def _models(view: View) -> pd.DataFrame:
    hardest = view.labels[view.labels["difficulty_rank"].notna()]
    third = set(hardest["label"].head(-(-len(hardest) // 3)))
    means = view.scores.groupby("model", sort=False)[["ece", "ece_expected"]].mean()
    of_third = view.scores[view.scores["label"].isin(third)]
    hard = of_third.groupby("model", sort=False)["average_precision"].mean()
    rows = [
        {
            "Model": model["model"],
            "mAP": number(model["mean_ap"]),
            "95 % interval": interval(model["mean_ap_low"], model["mean_ap_high"]),
            "Hardest third": number(hard.get(model["model"], math.nan)),
            "CF1": number(model["cf1"]),
            "OF1": number(model["of1"]),
            "ECE": number(means["ece"].get(model["model"], math.nan)),
            "ECE expected": number(means["ece_expected"].get(model["model"], math.nan)),
            "Seeds": count(model["seeds"]),
            "SD over seeds": number(model["mean_ap_seed_sd"]),
        }
        for _, model in view.models.iterrows()
    ]
    table = pd.DataFrame(rows)
    return table.drop(columns=[name for name in table if (table[name] == MISSING).all()])


def _gains(view: View) -> pd.DataFrame:
    comparisons = view.study.comparisons
    of_split = comparisons[comparisons["split"] == view.split]
    key = ["before", "after", "metric"]
    rows = [
        _gain(dict(zip(key, map(str, names), strict=True)), rows)
        for names, rows in of_split.groupby(key, sort=False)
    ]
    return pd.DataFrame(rows)


def _gain(named: Mapping[str, str], rows: pd.DataFrame) -> dict[str, str]:
    mean, labels = rows[rows["scope"] == "mean"].iloc[0], rows[rows["scope"] == "label"]
    names = {str(metric): facts.name for metric, facts in METRICS.items()}
    verdicts = labels["verdict"].value_counts()
    return {
        "Comparison": f"{named['after']} against {named['before']}",
        "Metric": names[named["metric"]],
        "Mean gain": number(mean["gain"], digits=4, sign=True),
        "95 % interval": interval(mean["gain_low"], mean["gain_high"], digits=4, sign=True),
        "p": p_value(mean["p"]),
        **{word.capitalize(): count(verdicts.get(word, 0)) for word in VERDICTS},
        "Interval over seeds": "yes" if mean["includes_seeds"] else "no",
    }


def _notes(view: View) -> Iterator[str]:
    first, models = view.models.iloc[0], view.study.models
    images = models.drop_duplicates("split").set_index("split")["n_images"]
    of_splits = ", ".join(f"{split} {count(images[split])}" for split in view.study.splits)
    yield (
        f"{plural(int(first['n_labels']), 'label')}; images per split: {of_splits}. "
        f"Numbers are of the {view.split} split and means over seeds."
    )
    if seeds := view.study.setting("seeds"):
        yield f"Seeds: {seeds.strip('[]')}."
    yield "Intervals are 95 %, over another sample of images of this split."
    if not view.study.comparisons.empty:
        yield (
            "A label is helped or hurt at a false discovery rate of 0.05 over all labels of all "
            "comparisons (Benjamini-Hochberg)."
        )
    yield (
        f"Hardest third: mean AP over the third of the labels that is most difficult for "
        f"{view.reference}. ECE: mean over labels, and what calibrated models would have."
    )
