"""Are the numbers of an analysis those of one made before tables were long?

Run with ``python -m tests.benchmarks.compare_tables OLD NEW``: two folders of Parquet files, OLD
with columns per role (schema version 3), NEW as `docs/tables.md` says. Every number of the old
tables is looked up in the new ones. Exits with 1 if one differs by more than rounding without a
reason that is written here.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

ROLES = ("teacher", "baseline", "distilled")
ROUNDING = 2e-6  # of float32 probabilities, which old causes and doubts were found by
FROM_PROBS = 1e-4  # of what was ranked and binned by these: many are equal where logits are not
CAUSES = {"look-alike": "confused", "suspect labels": "missing annotations"}
FIRST_RUN = "old: of the first run alone; new: the mean over runs, as on the label card"
EQUAL_PROBS = (
    "old: float32 probabilities, of which many equal 1; new: logits, which tell them apart"
)


@dataclass(frozen=True, eq=False)
class Pair:
    """A quantity in both analyses, by row.

    Attributes:
        name: What it is called in the report.
        old: Its values by key.
        new: The same.
        reason: Why they may differ; empty if they must not.
        tolerance: Largest difference, absolute or relative, that is rounding.
    """

    name: str
    old: pd.Series
    new: pd.Series
    reason: str = ""
    tolerance: float = ROUNDING

    @property
    def difference(self) -> float:
        """Largest difference of a value, relative where values are above 1; inf if keys differ."""
        if set(self.old.index) != set(self.new.index):
            return np.inf
        old, new = self.old, self.new.reindex(self.old.index)
        if old.dtype.kind in "OUTS" or str(old.dtype).startswith("str"):
            return 0.0 if (old.astype(str) == new.astype(str)).all() else np.inf
        first, second = old.to_numpy(dtype=float), new.to_numpy(dtype=float)
        same = (first == second) | (np.isnan(first) & np.isnan(second))
        with np.errstate(invalid="ignore"):
            gap = np.abs(first - second) / np.maximum(1, np.abs(first))
        gap = np.where(same, 0.0, np.where(np.isnan(gap), np.inf, gap))
        return float(gap.max(initial=0.0))


def pairs_of(old: dict[str, pd.DataFrame], new: dict[str, pd.DataFrame]) -> list[Pair]:
    """Every quantity of the old tables that the new ones hold, too."""
    several = (old["models"]["runs"] > 1).any()
    return [
        *_models(old, new),
        *_labels(old, new),
        *_comparison(old, new),
        *_calibration(old, new, FIRST_RUN if several else ""),
        *_details(old, new),
    ]


def _series(table: pd.DataFrame, key: list[str], column: str) -> pd.Series:
    return table.set_index(key)[column].sort_index()


def _models(old: dict[str, pd.DataFrame], new: dict[str, pd.DataFrame]) -> list[Pair]:
    renamed = {
        "runs": "seeds",
        "mean_average_precision": "mean_ap",
        "map_low": "mean_ap_low",
        "map_high": "mean_ap_high",
        "map_seed_sd": "mean_ap_seed_sd",
        "map_supported": "mean_ap_supported",
        "map_trained": "mean_ap_trained",
        "map_trained_seed_sd": "mean_ap_trained_seed_sd",
    }
    same = ["n_trained", "cf1", "cf1_seed_sd", "of1", "of1_seed_sd", "cf1_chosen", "of1_chosen"]
    renamed |= {name: name for name in (*same, "mean_prevalence", "n_images", "n_labels")}
    first = old["models"].rename(columns={"role": "model"})
    key = ["split", "model"]
    return [
        Pair(f"models.{name}", _series(first, key, before), _series(new["models"], key, name))
        for before, name in renamed.items()
    ]


def _labels(old: dict[str, pd.DataFrame], new: dict[str, pd.DataFrame]) -> list[Pair]:
    key = ["split", "label"]
    first, second = old["labels"], new["labels"]
    found = []
    for name in second.columns.intersection(first.columns).difference(key):
        before = first[name]
        if name in ("difficulty_rank", "rank_low", "rank_high"):
            before = before.fillna(-1)
        elif name == "causes":
            before = before.replace(CAUSES, regex=True)
        series = _series(first.assign(**{name: before}), key, name)
        tolerance = FROM_PROBS if name.startswith(("difficulty", "ece_")) else ROUNDING
        now = _series(second, key, name)
        found.append(Pair(f"labels.{name}", series, now, tolerance=tolerance))
    for role in ROLES:
        scores = new["scores"][new["scores"]["model"] == role]
        for end in ("", "_low", "_high"):
            now = _series(scores, key, f"average_precision{end}")
            then = _series(first, key, f"ap_{role}{end}")
            found.append(Pair(f"scores.average_precision{end} of {role}", then, now))
        then, now = _series(first, key, f"ece_{role}"), _series(scores, key, "ece")
        found.append(Pair(f"scores.ece of {role}", then, now))
    return found


def _comparison(old: dict[str, pd.DataFrame], new: dict[str, pd.DataFrame]) -> list[Pair]:
    table = new["comparisons"]
    table = table[(table["before"] == "baseline") & (table["after"] == "distilled")]
    table = table[table["metric"] == "average_precision"]
    labels, means = table[table["scope"] == "label"], table[table["scope"] == "mean"]
    renamed = {
        "gain": "gain",
        "gain_low": "gain_low",
        "gain_high": "gain_high",
        "gain_p": "p",
        "gain_q": "q",
        "supported": "supported",
    }
    key = ["split", "label"]
    found = [
        Pair(f"comparisons.{name}", _series(old["labels"], key, before), _series(labels, key, name))
        for before, name in renamed.items()
    ]
    verdict = old["labels"].replace({"verdict": {"cannot tell": "inconclusive"}})
    found.append(
        Pair(
            "comparisons.verdict", _series(verdict, key, "verdict"), _series(labels, key, "verdict")
        )
    )
    for before, name in (
        ("gain", "gain"),
        ("low", "gain_low"),
        ("high", "gain_high"),
        ("p", "p"),
        ("includes_seed_variance", "includes_seeds"),
    ):
        then, now = _series(old["map_gain"], ["split"], before), _series(means, ["split"], name)
        found.append(Pair(f"comparisons.{name} of the mean", then, now))
    return found


def _calibration(
    old: dict[str, pd.DataFrame], new: dict[str, pd.DataFrame], reason: str
) -> list[Pair]:
    key = ["split", "model", "recalibration", "label"]
    first = old["calibration"].rename(columns={"role": "model", "method": "recalibration"})
    first["label"] = first["label"].replace("all labels", "")
    second = new["calibration"]
    found = []
    runs = old["models"].groupby("role")["runs"].max()
    for name in second.columns.intersection(first.columns).difference([*key, "column"]):
        for role in ROLES:
            then, now = (table[table["model"] == role] for table in (first, second))
            found.append(
                Pair(
                    f"calibration.{name} of {role}",
                    _series(then, key, name),
                    _series(now, key, name),
                    reason=reason if runs[role] > 1 else "",
                )
            )
    return found


def _details(old: dict[str, pd.DataFrame], new: dict[str, pd.DataFrame]) -> list[Pair]:
    tables = [
        ("gap", "gap", ["split", "label"], {"low": "closed_low", "high": "closed_high"}, ""),
        (
            *("contributions", "contributions", ["split", "label", "image_id"]),
            *({"rank_baseline": "rank_before", "rank_distilled": "rank_after"}, ""),
        ),
        (
            *("look_alikes", "confusions", ["split", "label", "partner"]),
            {
                "partner": "partner_column",
                "partner_label": "partner",
                "false_alarms": "false_positives",
                "low": "lift_low",
                "high": "lift_high",
            },
            EQUAL_PROBS,
        ),
        ("suspects", "suspects", ["split", "label", "image_id"], {}, EQUAL_PROBS),
        ("relations", "co_occurrence", ["split", "label", "other_label"], {}, ""),
        ("label_counts", "label_counts", ["split", "label"], {}, ""),
        ("labels_per_image", "labels_per_image", ["split", "labels"], {}, ""),
        ("localisation", "localisation", ["split", "model", "label"], {"role": "model"}, ""),
        (
            *("attention_agreement", "attention_agreement", ["split", "other_model", "label"]),
            *({"role": "model", "other_role": "other_model"}, ""),
        ),
        ("thresholds", "thresholds", ["model", "place", "label"], {"role": "model"}, ""),
    ]
    found = []
    for before, name, key, renamed, reason in tables:
        first, second = old[before].rename(columns=renamed), new[name]
        if before == "thresholds":  # runs were told by their place, not by their seed
            first = first.rename(columns={"run": "place"})
            second = second.assign(
                place=second.groupby("model")["seed"].rank("dense").astype(int) - 1
            )
        if first.empty and second.empty:
            continue
        for column in second.columns.intersection(first.columns).difference(key):
            found.append(
                Pair(
                    f"{name}.{column}",
                    _series(first, key, column),
                    _series(second, key, column),
                    reason=reason,
                )
            )
    return found


def read_folder(folder: Path) -> dict[str, pd.DataFrame]:
    """All tables of a folder by name."""
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


def main() -> int:
    """Print what differs, and how many quantities are the same."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    asked = parser.parse_args()
    pairs = pairs_of(read_folder(asked.old), read_folder(asked.new))
    n_equal, n_unexplained = 0, 0
    for pair in pairs:
        if pair.difference <= pair.tolerance:
            n_equal += 1
            continue
        n_unexplained += not pair.reason
        print(f"{pair.name:<45} {pair.difference:9.2e}  {pair.reason or 'NO REASON'}")
    print(
        f"{n_equal} of {len(pairs)} quantities are equal to rounding, "
        f"{len(pairs) - n_equal - n_unexplained} differ for the reason given, "
        f"{n_unexplained} without."
    )
    return int(n_unexplained > 0)


if __name__ == "__main__":
    sys.exit(main())
