"""By which rule thresholds are chosen, and how that reads."""

from dataclasses import dataclass

from udviz.stats.decisions.operating_points import Goal

GOALS: dict[str, Goal] = {
    "best F1": "f1",
    "precision at least": "precision",
    "recall at least": "recall",
}
GUARANTEES = {"none": None, "90 %": 0.90, "95 %": 0.95}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """By what rule the thresholds of one model are chosen.

    Attributes:
        model: Name of the model.
        goal: What is to be reached.
        level: The least precision or recall.
        confidence: With what probability it holds on new images; None asks only that it holds on
            the validation images.
        judged_on: Split whose images the thresholds are tried on.
    """

    model: str
    goal: Goal
    level: float
    confidence: float | None
    judged_on: str

    @property
    def words(self) -> str:
        """The rule in words."""
        if self.goal == "f1":
            return "best F1"
        sure = "" if self.confidence is None else f", with {self.confidence:.0%} confidence"
        return f"{self.goal} at least {self.level:.2f}{sure}"
