"""Would the tests notice? Plants faults in the statistics, one at a time, and runs their tests.

Run with ``python -m tests.benchmarks.planted_faults`` (several minutes). Works on a copy; prints
one line per fault, and ends with an error if a fault survives or can no longer be planted.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[2]
COPIED = (
    "udviz",
    "tests",
    "pipelines",
    "pages",
    "app.py",
    "overview.py",
    ".streamlit",
    "pyproject.toml",
)


class Plantable(Protocol):
    """``right`` in ``file`` becomes ``wrong``, and ``tests`` must fail."""

    name: str
    file: str
    right: str
    wrong: str
    tests: str


@dataclass(frozen=True)
class Fault:
    """``right`` in ``udviz/stats/<module>.py`` becomes ``wrong``, and ``tests`` must fail."""

    statistic: str
    kind: str
    module: str
    right: str
    wrong: str

    @property
    def name(self) -> str:
        """What is told of it."""
        return f"{self.statistic}: {self.kind}"

    @property
    def file(self) -> str:
        """Where it is planted."""
        return f"udviz/stats/{self.module}.py"

    @property
    def tests(self) -> str:
        """The test file of the module; that of the ranking for what all modules share."""
        shared = self.module == "labels/label_columns"
        room, _, name = ("ranking/ranking" if shared else self.module).partition("/")
        return f"tests/stats/{room}/test_{name}.py"


FAULTS = (
    Fault(
        "average precision",
        "off by one",
        "ranking/influence",
        "return scores.size - below",
        "return scores.size - below - 1",
    ),
    Fault(
        "average precision",
        "scores beside a threshold counted twice",
        "ranking/influence",
        "    n_apart[is_shared] = 0",
        "    #",
    ),
    Fault(
        "average precision",
        "ties counted as below",
        "ranking/influence",
        "np.searchsorted(close, thresholds)",
        "np.searchsorted(close, thresholds, side='right')",
    ),
    Fault(
        "average precision",
        "ties counted as below where all are tied",
        "ranking/influence",
        'np.sort(scores), thresholds, side="left"',
        'np.sort(scores), thresholds, side="right"',
    ),
    Fault(
        "AUROC",
        "a tie counts as a win",
        "ranking/auroc",
        "n_positives**2 / 2",
        "n_positives / 2",
    ),
    Fault(
        "blocks of labels",
        "a block's sums forgotten",
        "ranking/measuring",
        "self._totals[part] += total",
        "pass",
    ),
    Fault(
        "pairs of runs",
        "paired by place, not by seed",
        "ranking/score_sets",
        "next(iter(runs.values())) if model in self.fixed else runs[seed]",
        "next(iter(runs.values())) if model in self.fixed else list(runs.values())[seed]",
    ),
    Fault(
        "pairs of runs",
        "any seed of one of them",
        "ranking/score_sets",
        "set.intersection(*seeds)",
        "set.union(*seeds)",
    ),
    Fault(
        "AP's standard error",
        "wrong sign",
        "ranking/influence",
        " + sum_inverse)",
        " - sum_inverse)",
    ),
    Fault(
        "AP's standard error",
        "ties ignored",
        "ranking/influence",
        "np.cumsum(1.0 / self.above)[self.last]",
        "np.cumsum(1.0 / self.above)",
    ),
    Fault(
        "every per-label statistic",
        "unknown not masked",
        "labels/label_columns",
        "inside = np.flatnonzero(target != -1)",
        "inside = np.arange(target.size)",
    ),
    Fault(
        "verdict",
        "wrong sign",
        "comparison/verdicts",
        "(gain > 0) == higher_is_better, HELPED",
        "(gain < 0) == higher_is_better, HELPED",
    ),
    Fault(
        "q-value",
        "labels without a test counted",
        "comparison/gain",
        "tested = np.isfinite(p)",
        "p = np.nan_to_num(p, nan=1.0); tested = np.isfinite(p)",
    ),
    Fault(
        "gap closed",
        "wrong sign of the covariance",
        "comparison/gap",
        "gain_variance + gap_variance - rest_variance",
        "gain_variance + gap_variance + rest_variance",
    ),
    Fault(
        "gap closed",
        "bounded at no gap",
        "comparison/gap",
        "bounded = a > 0",
        "bounded = a > -np.inf",
    ),
    Fault(
        "contributions",
        "models swapped",
        "comparison/contributions",
        "ranked.loss[before].mean(axis=0) - ranked.loss[after].mean(axis=0)",
        "ranked.loss[after].mean(axis=0) - ranked.loss[before].mean(axis=0)",
    ),
    Fault(
        "contributions",
        "off by one",
        "comparison/contributions",
        "1 + reaching(above, scores)",
        "reaching(above, scores)",
    ),
    Fault(
        "seed variance",
        "seeds not averaged",
        "inference/seeds",
        "np.maximum(0.0, squeezed - spread.interaction) / spread.n_seeds",
        "np.maximum(0.0, squeezed - spread.interaction)",
    ),
    Fault(
        "seed variance",
        "labels taken as independent",
        "inference/seeds",
        "df * n_labels / (1 + (n_labels - 1) * dependence)",
        "df * n_labels",
    ),
    Fault(
        "seed variance",
        "wrong sign",
        "inference/seeds",
        "squeezed - spread.inter",
        "squeezed + spread.inter",
    ),
    Fault(
        "precision-recall curve",
        "off by one",
        "ranking/precision_recall",
        "column.positive.size - np.searchsorted",
        "column.positive.size - 1 - np.searchsorted",
    ),
    Fault(
        "precision-recall curve",
        "area moves when thinned",
        "ranking/precision_recall",
        "np.diff(area[last], prepend=0.0) / width",
        "(n_correct / n_images)[last]",
    ),
    Fault(
        "F1 at a threshold",
        "at becomes above",
        "decisions/f1_scores",
        ">= per_label",
        "> per_label",
    ),
    Fault(
        "CF1",
        "mean of precisions only",
        "decisions/f1_scores",
        "cf1=_harmonic_mean(cp, cr)",
        "cf1=cp",
    ),
    Fault(
        "operating points",
        "a recall guaranteed by one score too many",
        "decisions/operating_points",
        "stats.binom.sf(j - 1, present.size, 1 - level)",
        "stats.binom.sf(j - 2, present.size, 1 - level)",
    ),
    Fault(
        "operating points",
        "a precision from the highest threshold",
        "decisions/operating_points",
        "float(present[reached[0]])",
        "float(present[reached[-1]])",
    ),
    Fault(
        "thresholds",
        "off by one",
        "decisions/thresholds",
        "v[n - 1] for v, n",
        "v[n] for v, n",
    ),
    Fault(
        "thresholds",
        "loosest among equals",
        "decisions/thresholds",
        "np.flatnonzero(f1 == f1.max())[-1]",
        "np.flatnonzero(f1 == f1.max())[0]",
    ),
    Fault(
        "reliability bins",
        "an edge in the lower bin",
        "calibration/sorted_probs",
        "np.searchsorted(near, inner_edges.astype(np.float32))",
        'np.searchsorted(near, inner_edges.astype(np.float32), side="right")',
    ),
    Fault(
        "reliability bins",
        "off by one among equal values",
        "calibration/sorted_probs",
        "np.searchsorted(absent, present) + np.arange(present.size)",
        "np.searchsorted(absent, present) + np.arange(present.size) + 1",
    ),
    Fault(
        "reliability bins",
        "one image late",
        "calibration/reliability_bins",
        "np.ceil(shares).astype(np.intp)",
        "np.ceil(shares).astype(np.intp) + 1",
    ),
    Fault(
        "pooled bins",
        "the first images for a sample",
        "calibration/reliability_bins",
        "np.sort(np.random.default_rng(0).choice(n_images, size, replace=False))",
        "np.arange(size)",
    ),
    Fault(
        "reliability bins",
        "frequency of absence",
        "calibration/reliability_bins",
        "_ratio(self.positives, self.count)",
        "_ratio(self.count - self.positives, self.count)",
    ),
    Fault(
        "calibration error",
        "gaps cancel",
        "calibration/calibration_error",
        "np.abs(bins.sum_prob - bins.positives).sum(axis=1), total",
        "np.abs((bins.sum_prob - bins.positives).sum(axis=1)), total",
    ),
    Fault(
        "null level",
        "counts as given",
        "calibration/calibration_error",
        "reach = images * t + ROUNDING",
        "reach = t + ROUNDING",
    ),
    Fault(
        "null level",
        "the trial after next",
        "calibration/calibration_error",
        "above = np.floor(trials * chance) + 1",
        "above = np.floor(trials * chance)",
    ),
    Fault(
        "Wilson interval",
        "z for z squared",
        "inference/intervals",
        "pull = quantile**2 / trials",
        "pull = quantile / trials",
    ),
    Fault(
        "Brier score",
        "wrong sign",
        "calibration/brier",
        "- 2 * bins.sum_positive",
        "+ 2 * bins.sum_positive",
    ),
    Fault(
        "log loss",
        "targets swapped",
        "calibration/brier",
        "np.where(target, prob, 1 - prob)",
        "np.where(target, 1 - prob, prob)",
    ),
    Fault(
        "log loss",
        "targets swapped, in the table",
        "calibration/sorted_probs",
        "for _, right in self._outcomes",
        "for right, _ in self._outcomes",
    ),
    Fault(
        "Spiegelhalter's Z",
        "present images alone",
        "calibration/sorted_probs",
        "for wrong, right in self._outcomes:",
        "for wrong, right in self._outcomes[1:]:",
    ),
    Fault(
        "miscalibrated",
        "one direction only",
        "calibration/calibration_error",
        "2 * stats.norm.sf(np.abs(z))",
        "2 * stats.norm.sf(z)",
    ),
    Fault(
        "reliability bins",
        "edges of another dtype",
        "calibration/sorted_probs",
        "np.searchsorted(near, inner_edges.astype(np.float32))",
        "np.searchsorted(near, inner_edges)",
    ),
    Fault(
        "calibration table",
        "one kind of bins for both",
        "calibration/calibration_tables",
        'n_bins=self.n_bins, kind="mass"',
        'n_bins=self.n_bins, kind="width"',
    ),
    Fault(
        "calibration table",
        "pooled over labels, not cells",
        "calibration/calibration_tables",
        "np.sum(self._sums, axis=0)",
        "np.mean(self._sums, axis=0)",
    ),
    Fault(
        "logit cells",
        "counts left out",
        "calibration/logit_cells",
        "weight=weight[held].astype(float)",
        "weight=np.ones(held.size)",
    ),
    Fault(
        "logit cells",
        "targets joined",
        "calibration/logit_cells",
        "astype(np.int64) + present",
        "astype(np.int64)",
    ),
    Fault("temperature", "inverted", "calibration/recalibration", "log_inverse)", "-log_inverse)"),
    Fault(
        "Platt scaling",
        "not shrunk",
        "calibration/platt",
        "precision=1 / variance",
        "precision=WEAK",
    ),
    Fault(
        "Platt scaling",
        "wrong sign",
        "calibration/platt",
        "gradient + ridge, curvature",
        "gradient - ridge, curvature",
    ),
    Fault(
        "disagreement", "wrong sign", "uncertainty/measures", "r * ratio - r +", "r * ratio + r -"
    ),
    Fault(
        "margin",
        "one side only",
        "uncertainty/measures",
        "1 - threshold, threshold)",
        "threshold, threshold)",
    ),
    Fault(
        "error detection",
        "hits for errors",
        "uncertainty/error_detection",
        ">= threshold[label]) != target",
        ">= threshold[label]) == target",
    ),
    Fault(
        "risk-coverage",
        "off by one",
        "uncertainty/error_ranks",
        "* (kept - start)",
        "* (kept - start - 1)",
    ),
    Fault(
        "risk-coverage area",
        "ties kept whole",
        "uncertainty/error_ranks",
        "_harmonic(self.up_to) - _harmonic(self.below))\n",
        "_harmonic(self.up_to) - _harmonic(self.below + 1))\n",
    ),
    Fault(
        "error average precision",
        "ties counted as below",
        "uncertainty/error_ranks",
        "self.ordered.size - self.below)).mean",
        "self.ordered.size - self.up_to + 1)).mean",
    ),
    Fault(
        "difficulty",
        "easiest first",
        "difficulty/ranks",
        "np.argsort(-difficulty",
        "np.argsort(difficulty",
    ),
    Fault(
        "difficulty",
        "chance not taken off",
        "difficulty/ranks",
        "average_precision) / (1 - chance),",
        "average_precision),",
    ),
    Fault(
        "rank interval",
        "labels drawn apart",
        "difficulty/rank_draws",
        "standard_normal((n_draws, len(factor))) @ factor",
        "standard_normal((n_draws, totals.shape[1])) * np.linalg.norm(totals, axis=0)",
    ),
    Fault(
        "cause: rare", "off by one", "difficulty/causes", "counted < least", "counted < least - 1"
    ),
    Fault(
        "cause: missing annotations",
        "wrong direction",
        "difficulty/causes",
        'counts["surest_unmarked"] - counts["surest_expected"]',
        'counts["surest_expected"] - counts["surest_unmarked"]',
    ),
    Fault(
        "confusions",
        "off by one",
        "difficulty/confusions",
        "np.partition(score, -n_positives)[-n_positives]",
        "np.sort(score)[-n_positives - 1]",
    ),
    Fault(
        "confusion lift",
        "unknown not masked",
        "labels/relations",
        "_indicator((block == 0) & (score",
        "_indicator((block != 1) & (score",
    ),
    Fault(
        "co-occurrence lift",
        "labels swapped",
        "labels/relations",
        "with_a.T / known",
        "with_a / known",
    ),
    Fault(
        "suspects",
        "direction swapped",
        "label_errors/suspects",
        "np.where(marked, EXTRA, MISSING)",
        "np.where(marked, MISSING, EXTRA)",
    ),
    Fault(
        "suspects",
        "unknown not masked",
        "label_errors/suspects",
        "if column.known is None else column.known",
        "if column.known is None else np.arange(column.known.size)",
    ),
    Fault(
        "confident learning",
        "thresholds swapped",
        "label_errors/confident_learning",
        "[(1 - prob[~target]).mean(), prob[target].mean()]",
        "[prob[target].mean(), (1 - prob[~target]).mean()]",
    ),
    Fault(
        "confident learning",
        "an image that is sure of both left out",
        "label_errors/confident_learning",
        "(~sure_absent | (prob > absence))",
        "~sure_absent",
    ),
    Fault(
        "confident learning",
        "rounded apart",
        "label_errors/confident_learning",
        "if short > 0 else order[0]] += short",
        "if short > 0 else order[0]] += 0",
    ),
    Fault(
        "surest unmarked images",
        "marked ones counted",
        "label_errors/surest",
        "np.count_nonzero(~surest.marked)",
        "surest.marked.size",
    ),
    Fault(
        "surest unmarked images",
        "off by one",
        "label_errors/surest",
        "mean / chance - found + 1",
        "mean / chance - found",
    ),
    Fault(
        "surest unmarked images",
        "their own spread not used",
        "label_errors/surest",
        "np.fmax(exact, robust)",
        "np.fmin(exact, robust)",
    ),
    Fault(
        "outlier images",
        "marked labels counted",
        "label_errors/surest",
        "images = found.images[~found.marked]",
        "images = found.images",
    ),
    Fault(
        "suspects",
        "explained ones not left out",
        "label_errors/surest",
        ") & ~explained\n",
        ")\n",
    ),
    Fault(
        "findings",
        "not put right",
        "difficulty/findings",
        "basis.recalibration.apply_label(logit, column.label)",
        "logit_probs(logit)",
    ),
    Fault(
        "findings",
        "partners left out",
        "difficulty/findings",
        "column.label, basis.confusions)",
        "column.label, None)",
    ),
    Fault(
        "contributions",
        "ends swapped",
        "comparison/contributions",
        "np.r_[rows[:most], rows[-most:]]",
        "np.r_[rows[-most:], rows[:most]]",
    ),
    Fault(
        "contributions",
        "ties lost",
        "comparison/contributions",
        "(values <= low) | (values >= high)",
        "(values < low) | (values > high)",
    ),
    Fault("rank correlation", "off by one", "inference/correlation", "/ (n - 3)", "/ (n - 4)"),
    Fault(
        "decisions compared",
        "influence not centred",
        "comparison/operating",
        "values -= mean[:, None]",
        "values -= 0.0",
    ),
    Fault(
        "decisions compared",
        "half an image left out",
        "comparison/operating",
        "return 0.5 / max(1.0, independent) ** 2",
        "return 0.0",
    ),
    Fault(
        "decisions compared",
        "positives among the false ones",
        "comparison/operating",
        "share_called(called, column, ~column.positive, groups),",
        "share_called(called, column, np.ones_like(column.positive), groups),",
    ),
    Fault(
        "decisions compared",
        "F1 with calls counted twice",
        "comparison/operating",
        "decided = called.sum(axis=1) + n_positives",
        "decided = 2 * called.sum(axis=1) + n_positives",
    ),
    Fault(
        "equal recall",
        "validation left out of the variance",
        "comparison/equal_recall",
        "moves = -slopes[:, None] * moved",
        "moves = 0 * moved",
    ),
    Fault(
        "equal recall",
        "off by one",
        "decisions/thresholds",
        "np.partition(present, -n_called)[-n_called]",
        "np.partition(present, -n_called)[-n_called + 1]",
    ),
    Fault(
        "equal recall",
        "slope of half the range",
        "comparison/equal_recall",
        "* present.size / (high - low))",
        "* present.size / (high - low) / 2)",
    ),
    Fault(
        "gain",
        "verdict the wrong way round where lower is better",
        "comparison/verdicts",
        "(gain > 0) == higher_is_better",
        "gain > 0",
    ),
    Fault(
        "hard labels",
        "the easiest third",
        "difficulty/hardest",
        "np.argsort(-difficulty[candidates]",
        "np.argsort(difficulty[candidates]",
    ),
    Fault(
        "slices: exact test",
        "one-sided",
        "inference/proportions",
        "np.minimum(2 * np.minimum(",
        "np.minimum(np.minimum(",
    ),
    Fault(
        "slices: AUROC",
        "ties count as lost",
        "ranking/auroc",
        "(up_to + below) / (2",
        "(up_to + up_to) / (2",
    ),
    Fault(
        "slices",
        "all metrics corrected together",
        "slices/differences",
        'groupby([rows["split"], rows["metric"]])',
        'groupby([rows["split"]])',
    ),
    Fault(
        "chance AP",
        "off by one",
        "ranking/prevalence",
        "digamma(n_images + 1.0)",
        "digamma(n_images)",
    ),
    Fault(
        "actions",
        "false positives at the rate elsewhere counted as saved",
        "difficulty/actions",
        'beyond = (1 - rows["rate_without"] / rows["rate"]).clip(lower=0)',
        "beyond = 1.0",
    ),
    Fault(
        "actions",
        "unknown effects before known ones",
        "difficulty/actions",
        'na_position="last"',
        'na_position="first"',
    ),
    Fault(
        "actions",
        "a teacher that is clearly better called no better",
        "difficulty/actions",
        "headroom(gaps).rest",
        "headroom(gaps).better",
    ),
    Fault(
        "cut label lists",
        "the bound of unlimited lists for that of limited ones",
        "labels/list_caps",
        "(most - 1) / (2 * most)",
        "(most - 1) / most",
    ),
    Fault(
        "cut label lists",
        "a largest count that is no peak",
        "labels/list_caps",
        "min(excess, lead) < LEAST_Z",
        "excess < LEAST_Z",
    ),
)


def planted(place: Path, fault: Plantable) -> str:
    """What became of ``fault`` in the copy at ``place``: caught, survived or not found."""
    file = place / fault.file
    source = file.read_text(encoding="utf-8")
    if fault.right not in source:
        return "NOT FOUND"
    file.write_text(source.replace(fault.right, fault.wrong), encoding="utf-8")
    ended_with = run_tests(place, fault.tests).returncode
    file.write_text(source, encoding="utf-8")
    return {0: "SURVIVED", 1: "caught"}.get(ended_with, "BROKEN")


def run_tests(place: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in the copy at ``place``."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    variables = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=place, capture_output=True, text=True, env=variables)


def plant_all(faults: Sequence[Plantable], place: Path) -> None:
    """Print what became of every fault in the copy at ``place``."""
    sound = run_tests(place, *dict.fromkeys(fault.tests for fault in faults))
    if sound.returncode != 0:
        raise SystemExit(f"A test that fails without a fault proves nothing.\n{sound.stdout}")
    found = []
    for fault in faults:
        found.append(planted(place, fault))
        print(f"{found[-1]:<9} {fault.name} ({fault.tests})", flush=True)
    print(f"{found.count('caught')} of {len(faults)} caught")
    if found.count("caught") < len(faults):
        raise SystemExit(1)


def copy_project(place: Path) -> None:
    """Copy what the tests need to ``place``."""
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, place / name)


def main() -> None:
    """Plant all of them."""
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        plant_all(FAULTS, Path(folder))


if __name__ == "__main__":
    main()
