"""What a study found, in a few lines for a terminal."""

from pathlib import Path

import pandas as pd

from udviz.checks import shown
from udviz.installation import app_called

ROLES = {"teacher": "Teacher", "baseline": "Baseline student", "distilled": "Distilled student"}


def summary(study: Path, *, split: str = "test") -> str:
    """Headline scores, the mean gain with its interval, and the labels that moved most."""
    analysis = study / "analysis"
    models = _rows(analysis / "models.parquet", split)
    gains = _rows(analysis / "map_gain.parquet", split)
    labels = _rows(analysis / "labels.parquet", split)
    lines = [f"\n{study}, {split} split", ""]
    lines += [_model_line(model) for _, model in models.iterrows()]
    lines += [_gain_line(gain) for _, gain in gains.iterrows()]
    hardest = labels.sort_values("ap_teacher").head(5)
    lines += ["", "Hardest for the teacher: " + _list(hardest, "ap_teacher", "{:.3f}")]
    if "verdict" in labels:
        for verdict in ("helped", "hurt"):
            found = labels[labels["verdict"] == verdict].sort_values("gain", key=abs)[::-1]
            lines.append(f"{verdict.capitalize()}: " + (_list(found, "gain", "{:+.3f}") or "none"))
        lines.append(f"Cannot tell: {(labels['verdict'] == 'cannot tell').sum()} labels")
    lines += ["", f"Look at it: {app_called()}"]
    return "\n".join(lines)


def _rows(path: Path, split: str) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return table[table["split"] == split] if "split" in table else table


def _model_line(model: pd.Series) -> str:
    several = model["runs"] > 1

    def score(name: str, spread: str) -> str:
        return f"{model[name]:.3f}" + (f" +- {model[spread]:.3f}" if several else "")

    return (
        f"{ROLES[model['role']]:<18} "
        f"mAP {score('mean_average_precision', 'map_seed_sd')} "
        f"[{model['map_low']:.3f}, {model['map_high']:.3f}]  "
        f"of {model['n_trained']} well-trained labels {score('map_trained', 'map_trained_seed_sd')}"
        f"  CF1 {score('cf1', 'cf1_seed_sd')}  OF1 {score('of1', 'of1_seed_sd')}"
        + (f"  ({model['runs']} seeds, +- sd)" if several else "")
    )


def _gain_line(gain: pd.Series) -> str:
    sure = "" if gain["includes_seed_variance"] else " (one seed: seed noise is not in it)"
    return (
        f"Gain in mAP of distilled over baseline: {gain['gain']:+.4f}, 95 % interval "
        f"[{gain['low']:+.4f}, {gain['high']:+.4f}], p = {gain['p']:.3f}{sure}"
    )


def _list(labels: pd.DataFrame, column: str, style: str) -> str:
    named = [
        f"{shown(label)} {style.format(value)}" for label, value in labels[["label", column]].values
    ]
    return ", ".join(named[:8]) + (f" and {len(named) - 8} more" if len(named) > 8 else "")
