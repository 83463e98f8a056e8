"""What is asked of an analysis: its models, what is compared, and from how many images on."""

from dataclasses import dataclass

from udviz.recipe.brought import BroughtStudy
from udviz.recipe.schema import Recipe
from udviz.studies.models import Model, brought_models, comparisons_of, models_of, reference_of


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked of an analysis.

    Attributes:
        models: The models, each with its kind and seeds.
        comparisons: Pairs of their names, before and after.
        reference: The model whose difficulty and doubts are told.
        min_positives: Positives in a split from which on a label is supported.
        min_train_positives: Training positives from which on a label counts as well trained.
    """

    models: tuple[Model, ...]
    comparisons: tuple[tuple[str, str], ...]
    reference: str
    min_positives: int
    min_train_positives: int

    @classmethod
    def of(cls, recipe: Recipe) -> "Plan":
        """What a study's recipe asks."""
        return cls(
            models=models_of(recipe),
            comparisons=comparisons_of(recipe),
            reference=reference_of(recipe),
            min_positives=recipe.min_positives,
            min_train_positives=recipe.min_train_positives,
        )

    @classmethod
    def of_brought(cls, study: BroughtStudy) -> "Plan":
        """What is asked of predictions that were brought: nothing is known of training."""
        return cls(
            models=brought_models(study),
            comparisons=study.pairs,
            reference=study.reference or next(iter(study.brought)),
            min_positives=study.min_positives,
            min_train_positives=1,
        )

    @property
    def teacher(self) -> Model | None:
        """The teacher, where there is one."""
        return next((model for model in self.models if model.kind == "teacher"), None)

    @property
    def fixed(self) -> frozenset[str]:
        """The teacher, if its one run stands for every seed."""
        teacher = self.teacher
        return frozenset({teacher.name} if teacher and len(teacher.seeds) == 1 else ())

    def settings(self) -> dict[str, str]:
        """What the tables depend on besides the predictions."""
        return {
            "models": "; ".join(
                f"{m.name} {m.kind} {list(m.seeds)} {m.description}" for m in self.models
            ),
            "comparisons": ", ".join(f"{before}:{after}" for before, after in self.comparisons),
            "reference": self.reference,
            "min_positives": str(self.min_positives),
            "min_train_positives": str(self.min_train_positives),
        }
