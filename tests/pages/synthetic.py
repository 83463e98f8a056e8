"""A study directory with made-up numbers, as the analysis leaves it."""

from pathlib import Path

import numpy as np
import pandas as pd

CAUSES = ("rare", "look-alike", "suspect labels", "miscalibrated", "uncertain", "small", "occluded")
ROLES = ("teacher", "baseline", "distilled")
HOSTILE_NAMES = (
    "<b>bold</b> & <script>alert(1)</script>",
    "*stars* _under_ `code` [link](http://x.y) :smile: $x^2$ # 1. |",
    "🦜🦜🦜 parrots 👩‍👩‍👧‍👦",
    "كلب صغير أسود",
    "עץ (tree)",
    "very long name " * 13 + "end",  # 198 characters
    "two\nlines\tand a tab",
    "%{x} %{customdata[0]} &lt;",
    "🙂",
    "=1+1",
)


def names_of(n_labels: int) -> list[str]:
    return [f"label {place:04d}" for place in range(n_labels)]


def write_study(path: Path, *, names: list[str], n_seeds: int = 1, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    (path / "analysis").mkdir(parents=True)
    (path / "study.toml").write_text(
        f'name = "{path.name}"\ndescription = "Made-up numbers for tests"\n'
        f"seeds = {list(range(n_seeds))}\n"
        '[data]\nkind = "scenes"\n[teacher]\nbackbone = "small_wide"\n'
        '[student]\nbackbone = "small"\n',
        encoding="utf-8",
    )
    labels = pd.concat([_labels(names, split, rng) for split in ("val", "test")])
    tables = {
        "labels": labels,
        "models": pd.concat([_models(labels, split, n_seeds) for split in ("val", "test")]),
        "map_gain": pd.DataFrame(
            {
                "split": ["val", "test"],
                "gain": [0.018, 0.021],
                "low": [-0.004, 0.0042],
                "high": [0.04, 0.0381],
                "p": [0.12, 0.014],
                "includes_seed_variance": [n_seeds > 1] * 2,
            }
        ),
    }
    for name, table in tables.items():
        table.reset_index(drop=True).to_parquet(path / "analysis" / f"{name}.parquet")
    return path


def _labels(names: list[str], split: str, rng: np.random.Generator) -> pd.DataFrame:
    n = len(names)
    positives = np.maximum(1, rng.gamma(1.5, 80, n).astype(int))
    teacher = np.clip(rng.beta(4, 2, n), 0.03, 0.99)
    baseline = np.clip(teacher - rng.normal(0.05, 0.03, n), 0.02, 0.99)
    gain = rng.normal(0.02, 0.035, n)
    half = np.clip(0.6 / np.sqrt(positives), 0.01, 0.3)
    rank = np.empty(n, dtype=int)
    rank[np.argsort(teacher)] = np.arange(1, n + 1)
    spread = np.maximum(1, (half * n * 0.5).astype(int))
    low, high = gain - half / 2, gain + half / 2
    columns: dict[str, object] = {
        "split": split,
        "label": names,
        "column": np.arange(n),
        "positives": positives,
        "known": 1200,
        "prevalence": positives / 1200,
        "train_positives": positives * 2,
        "gain": gain,
        "gain_low": low,
        "gain_high": high,
        "gain_p": np.clip(np.exp(-np.abs(gain) / half * 6), 0, 1),
        "gain_q": np.clip(np.exp(-np.abs(gain) / half * 4), 0, 1),
        "verdict": np.where(low > 0, "helped", np.where(high < 0, "hurt", "cannot tell")),
        "supported": positives >= 20,
        "disagreement": rng.gamma(1.0, 0.01, n),
        "entropy": rng.uniform(0, np.log(2), n),
        "difficulty": 1 - teacher,
        "difficulty_rank": rank,
        "rank_low": np.maximum(1, rank - spread),
        "rank_high": np.minimum(n, rank + spread),
        "causes": [_causes(rank[place] / n, rng) for place in range(n)],
    }
    for role, ap in zip(ROLES, (teacher, baseline, baseline + gain), strict=True):
        columns[f"ap_{role}"] = np.clip(ap, 0, 1)
        columns[f"ap_{role}_low"] = np.clip(ap - half, 0, 1)
        columns[f"ap_{role}_high"] = np.clip(ap + half, 0, 1)
        columns[f"ece_{role}"] = rng.uniform(0.01, 0.12, n)
    return pd.DataFrame(columns)


def _causes(place: float, rng: np.random.Generator) -> str:
    chosen = rng.random(len(CAUSES)) < 0.5 * (1 - place)
    return ", ".join(cause for cause, yes in zip(CAUSES, chosen, strict=True) if yes)


def _models(labels: pd.DataFrame, split: str, n_seeds: int) -> pd.DataFrame:
    part = labels[labels["split"] == split]
    rows = []
    for role in ROLES:
        mean = part[f"ap_{role}"].mean()
        rows.append(
            {
                "split": split,
                "role": role,
                "runs": 1 if role == "teacher" else n_seeds,
                "mean_average_precision": mean,
                "map_low": mean - 0.021,
                "map_high": mean + 0.019,
                "map_supported": mean + 0.03,
                "map_trained": mean + 0.02,
                "map_seed_sd": np.nan if n_seeds == 1 or role == "teacher" else 0.007,
                "cf1": mean - 0.05,
                "of1": mean - 0.02,
                "mean_prevalence": part["prevalence"].mean(),
                "n_images": 1200,
                "n_labels": len(part),
            }
        )
    return pd.DataFrame(rows)
