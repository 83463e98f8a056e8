"""Everything an analysis finds out, as jobs that do not depend on each other.

Apart from `pipelines.analyse`, so that the processes which do them need not import PyTorch.
"""

from dataclasses import replace

import numpy as np

from udviz.analysis import evidence
from udviz.analysis.jobs import Job, SplitPredictions, Tables
from udviz.analysis.tables import difficulty_table, gain_table, label_table, model_rows
from udviz.recipe.schema import Recipe
from udviz.stats.difficulty.causes import LabelFacts
from udviz.stats.difficulty.findings import find


def analysis_jobs(
    recipe: Recipe, val: SplitPredictions, test: SplitPredictions, facts: LabelFacts
) -> list[Job]:
    """Everything that can be found out side by side, the longest first.

    Their tables are those of an analysis, but for ``difficulty``: see ``join_difficulty``.
    """
    roles = [(split, role) for split in (val, test) for role in split.by_role]
    jobs = [
        Job(name="calibration", function=_calibration, arguments=(val, split, role))
        for split, role in roles
    ]
    jobs += [
        Job(
            name="difficulty, look-alikes, suspects", function=_difficulty, arguments=(split, facts)
        )
        for split in (val, test)
    ]
    jobs += [
        Job(name="labels", function=_labels, arguments=(recipe, split, facts))
        for split in (val, test)
    ]
    jobs += [
        Job(name="gain, relations, agreement", function=_changes, arguments=(split,))
        for split in (val, test)
    ]
    jobs += [
        Job(name="uncertainty", function=_uncertainty, arguments=(split, role))
        for split, role in roles
    ]
    jobs += [
        Job(name="models", function=_models, arguments=(recipe, val, split, role, facts))
        for split, role in roles
    ]
    return jobs


def join_difficulty(tables: Tables) -> Tables:
    """Difficulty, its causes and their evidence beside what ``labels`` has already."""
    tables = dict(tables)
    difficulty = tables.pop("difficulty")
    keys = ["split", "column"]
    new = [c for c in difficulty.columns if c in keys or c not in tables["labels"].columns]
    tables["labels"] = tables["labels"].merge(difficulty[new], on=keys, validate="one_to_one")
    return tables


def _labels(recipe: Recipe, split: SplitPredictions, facts: LabelFacts) -> Tables:
    train_positives = np.asarray(facts.train_positives)
    table = label_table(split, train_positives, min_positives=recipe.min_positives)
    return {"labels": table}


def _difficulty(split: SplitPredictions, facts: LabelFacts) -> Tables:
    teacher = split.by_role["teacher"][0]
    probs = teacher.probs()
    found = find(probs, teacher.targets, label_names=teacher.label_names)
    return {
        "difficulty": difficulty_table(split, probs, replace(facts, findings=found)),
        "look_alikes": evidence.named_pairs(found.look_alikes, split),
        "suspects": evidence.named_suspects(found.suspects, [teacher]),
    }


def _calibration(val: SplitPredictions, split: SplitPredictions, role: str) -> Tables:
    return {"calibration": evidence.calibration(val, split, role)}


def _uncertainty(split: SplitPredictions, role: str) -> Tables:
    return {"uncertainty": evidence.uncertainty(split, role)}


def _models(
    recipe: Recipe, val: SplitPredictions, split: SplitPredictions, role: str, facts: LabelFacts
) -> Tables:
    return model_rows(
        val,
        split,
        role,
        train_positives=np.asarray(facts.train_positives),
        min_positives=recipe.min_positives,
        min_train_positives=recipe.min_train_positives,
    )


def _changes(split: SplitPredictions) -> Tables:
    return {
        "map_gain": gain_table(split),
        "gap": evidence.gap(split),
        "contributions": evidence.contributions(split),
        "relations": evidence.relations(split),
        "attention_agreement": evidence.attention_agreement(split),
    }
