"""One label as each model of a study sees it; a model is judged by its first run."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from udviz.predictions.cache import Predictions
from udviz.stats.decisions.confusion import Confusion, calls, confusion
from udviz.stats.labels.probabilities import logit_probs, threshold_logit
from udviz.stats.uncertainty.measures import binary_entropy, margin_uncertainty
from udviz.ui.frame.view import View
from udviz.ui.load.analysis_rows import analysis_rows
from udviz.ui.load.caches import Version, predictions_of, version_of
from udviz.ui.load.study import StudyError

EVEN = 0.5  # threshold where none could be chosen


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelModel:
    """Scores that one model gives one label; columns are read when they are used.

    Attributes:
        name: Of the model.
        version: Its prediction cache.
        label: Name of the label.
        threshold: Decision threshold chosen on validation, a probability; 0.5 where none was.
        chosen: Whether it was chosen; if not, too few positives were there, or the analysis does
            not say.
    """

    name: str
    version: Version
    label: str
    threshold: float
    chosen: bool

    @cached_property
    def run(self) -> Predictions:
        """Predictions of all labels."""
        return predictions_of(self.version)

    @cached_property
    def column(self) -> int:
        """Index of the label in [0, L)."""
        return self.run.label_names.index(self.label)

    @cached_property
    def logits(self) -> np.ndarray:
        """(N,) float32 logits."""
        return np.asarray(self.run.logits[:, self.column])

    @cached_property
    def probs(self) -> np.ndarray:
        """(N,) float64 probabilities."""
        return logit_probs(self.logits)

    @cached_property
    def targets(self) -> np.ndarray:
        """(N,) targets: 1 present, 0 absent, -1 unknown."""
        return np.asarray(self.run.targets[:, self.column])

    @property
    def has_disagreement(self) -> bool:
        """Whether the model has two branches that can disagree."""
        return self.run.disagreement is not None

    def confusion(self, threshold: float) -> Confusion:
        """Decisions at ``threshold``, a probability."""
        return confusion(self.logits, self.targets, threshold=threshold_logit(threshold))

    def errors(self, threshold: float) -> np.ndarray:
        """(N,) int8: 1 where the decision at ``threshold`` is wrong, 0 right, -1 unknown."""
        predicted = calls(self.logits, threshold_logit(threshold))
        wrong = (predicted != (self.targets == 1)).astype(np.int8)
        return np.where(self.targets >= 0, wrong, -1)

    def uncertainties(self, threshold: float) -> dict[str, np.ndarray]:
        """(N,) uncertainty by measure: entropy, margin, and disagreement where there is one."""
        probs = self.probs[:, None]
        measures = {
            "entropy": binary_entropy(probs)[:, 0],
            "margin": margin_uncertainty(probs, threshold)[:, 0],
        }
        if self.run.disagreement is not None:
            measures["disagreement"] = np.asarray(self.run.disagreement[:, self.column])
        return measures


@dataclass(frozen=True, kw_only=True)
class LabelEvidence:
    """What there is to judge one label by.

    Attributes:
        models: Name -> its model, where there is a prediction cache; none where no image of the
            split says whether it carries the label.
        problems: What is missing, as Markdown.
        unknown: Whether no target of the label is known.
    """

    models: dict[str, LabelModel]
    problems: list[str]
    unknown: bool


def collect(view: View, label: str) -> LabelEvidence:
    """Open the caches and the thresholds, as far as they are there."""
    problems: list[str] = []
    thresholds = _thresholds(view, label, problems)
    models = {}
    for name in view.drawn:
        try:
            version = version_of(view.study, name, view.split)
        except StudyError as error:
            problems.append(str(error))
            continue
        threshold, chosen = thresholds.get(name, (EVEN, False))
        models[name] = LabelModel(
            name=name, version=version, label=label, threshold=threshold, chosen=chosen
        )
    unknown = bool(models) and not any((model.targets >= 0).any() for model in models.values())
    return LabelEvidence(models={} if unknown else models, problems=problems, unknown=unknown)


def _thresholds(view: View, label: str, problems: list[str]) -> dict[str, tuple[float, bool]]:
    """Model -> threshold of its first run, and whether it was chosen."""
    try:
        rows = analysis_rows(
            view.study,
            "thresholds",
            columns=["model", "seed", "threshold", "chosen"],
            where=(("label", (label,)),),
        )
    except StudyError as error:
        problems.append(f"No threshold was chosen on validation, so {EVEN} is used. {error}")
        return {}
    first = rows.sort_values("seed").drop_duplicates("model")
    found = zip(first["threshold"], first["chosen"], strict=True)
    return dict(zip(first["model"], found, strict=True))
