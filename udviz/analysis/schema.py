"""Every table of an analysis: its key, and each column's type, unit and meaning, once.

N images, L labels. Tables are long where models are many: a new model or comparison adds rows and
no columns. `docs/tables.md` is made from this page; every Parquet file carries its part of it.
"""

from dataclasses import dataclass
from typing import Literal

VERSION = 4  # of all tables together; raised whenever a column or its meaning changes

Type = Literal["text", "integer", "number", "boolean"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        name: Its name.
        type: ``text``, ``integer``, ``number`` (float64; NaN = unknown) or ``boolean``.
        meaning: One sentence.
        unit: ``[0, 1]``, ``nats``, ``images``, ...; empty for text and plain truth.
        optional: Whether it may be absent from a study that has nothing to say of it.
    """

    name: str
    type: Type
    meaning: str
    unit: str = ""
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table.

    Attributes:
        name: Name of its file without the suffix.
        row: What one row is about.
        key: Columns that tell rows apart.
        columns: All columns, the key first.
    """

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column called ``name``."""
        return next(column for column in self.columns if column.name == name)


def text(name: str, meaning: str, *, optional: bool = False) -> Column:
    """A column of words."""
    return Column(name=name, type="text", meaning=meaning, optional=optional)


def integer(name: str, meaning: str, unit: str = "", *, optional: bool = False) -> Column:
    """A column of whole numbers."""
    return Column(name=name, type="integer", meaning=meaning, unit=unit, optional=optional)


def number(name: str, meaning: str, unit: str = "[0, 1]", *, optional: bool = False) -> Column:
    """A column of real numbers."""
    return Column(name=name, type="number", meaning=meaning, unit=unit, optional=optional)


def boolean(name: str, meaning: str) -> Column:
    """A column of yes or no."""
    return Column(name=name, type="boolean", meaning=meaning)


def interval(name: str, meaning: str, unit: str = "[0, 1]") -> tuple[Column, Column, Column]:
    """A number and the two ends of its 95 % interval: ``name``, ``name_low``, ``name_high``."""
    return (
        number(name, meaning, unit),
        number(f"{name}_low", f"Lower end of the 95 % interval of `{name}`.", unit),
        number(f"{name}_high", f"Upper end of the 95 % interval of `{name}`.", unit),
    )


SPLIT = text("split", "Split the images belong to: train, val or test.")
MODEL = text("model", "Name of the model; numbers are means over its seeds unless said otherwise.")
LABEL = text("label", "Name of the label.")
COLUMN = integer("column", "Index of the label in [0, L), the order of the data set.")
BEFORE = text("before", "Name of the model that is compared with.")
AFTER = text("after", "Name of the model that is compared.")

MODELS = Table(
    name="models",
    row="split and model",
    key=("split", "model"),
    columns=(
        SPLIT,
        MODEL,
        text("kind", "teacher, student or brought (trained elsewhere)."),
        text("description", "How it was made, in a few words: backbone and method."),
        boolean("reference", "Whether difficulty and uncertainty are this model's."),
        integer("seeds", "Runs with different seeds."),
        *interval("mean_ap", "Mean average precision over all labels with a positive image."),
        number("mean_ap_seed_sd", "SD over seeds of `mean_ap`; NaN with one seed."),
        number("mean_ap_supported", "Mean AP over the labels with enough positives in this split."),
        integer("n_supported", "Labels in `mean_ap_supported`.", "labels"),
        number("mean_ap_trained", "Mean AP over the labels with enough training positives."),
        integer("n_trained", "Labels in `mean_ap_trained`.", "labels"),
        number("cf1", "Harmonic mean of the mean precision and the mean recall at 0.5."),
        number("cf1_seed_sd", "SD over seeds of `cf1`; NaN with one seed."),
        number("of1", "F1 over all decisions of all labels at 0.5."),
        number("of1_seed_sd", "SD over seeds of `of1`; NaN with one seed."),
        number("macro_f1", "Mean over labels of each label's F1 at 0.5."),
        number("cf1_chosen", "CF1 at the thresholds chosen on validation."),
        number("of1_chosen", "OF1 at the thresholds chosen on validation."),
        number("mean_prevalence", "Mean over labels of the prevalence: the mAP of random ranking."),
        integer("n_images", "Images of the split.", "images"),
        integer("n_labels", "Labels.", "labels"),
    ),
)

SCORES = Table(
    name="scores",
    row="split, model and label",
    key=("split", "model", "label"),
    columns=(
        SPLIT,
        MODEL,
        LABEL,
        COLUMN,
        *interval("average_precision", "Average precision; NaN without a positive."),
        number("auroc", "Area under the ROC curve; NaN without positives or negatives."),
        number("ece", "Expected calibration error, 15 bins of equal width."),
        number("ece_expected", "ECE that a calibrated model is expected to have on these images."),
        number("brier", "Brier score, the mean squared error of the probability."),
        number("threshold", "Decision threshold chosen on validation, a probability."),
        boolean(
            "threshold_chosen", "Whether validation had enough positives to choose it; else 0.5."
        ),
        *interval("precision", "Share of the predicted images that carry the label."),
        *interval("recall", "Share of the images with the label that are predicted."),
        number("f1", "Harmonic mean of precision and recall at the threshold."),
        *interval(
            "false_positive_rate", "Share of the images without the label that are predicted."
        ),
    ),
)

COMPARISONS = Table(
    name="comparisons",
    row="split, comparison, metric and label, and one of their mean",
    key=("split", "before", "after", "metric", "scope", "label"),
    columns=(
        SPLIT,
        BEFORE,
        AFTER,
        text("metric", "What is compared: average_precision."),
        text("scope", "label, or mean: over all labels with a positive; then `label` is empty."),
        LABEL,
        *interval("before_value", "The metric of the model before, mean over seeds."),
        *interval("after_value", "The metric of the model after, mean over seeds."),
        *interval("gain", "After minus before.", "[-1, 1]"),
        number("p", "Two-sided p-value of no gain."),
        number("q", "p corrected for all labels of all comparisons (Benjamini-Hochberg)."),
        text("verdict", "helped, hurt or inconclusive; of the mean by its own interval."),
        number(
            "images_needed", "Images that would show a gain of this size with 80 % power.", "images"
        ),
        boolean("supported", "Whether the label has enough positives in this split."),
        integer("n_labels", "Labels in the mean; 1 for a label.", "labels"),
        integer("seeds", "Pairs of runs with the same seed."),
        boolean("includes_seeds", "Whether the interval covers training again with another seed."),
        boolean("includes_teachers", "Whether the interval covers another teacher."),
    ),
)

LABELS = Table(
    name="labels",
    row="split and label, as the reference model sees it",
    key=("split", "label"),
    columns=(
        SPLIT,
        LABEL,
        COLUMN,
        integer("positives", "Images that carry the label.", "images"),
        integer("known", "Images whose target is known.", "images"),
        number("prevalence", "positives / known."),
        boolean("supported", "Whether there are enough positives to judge it."),
        integer("train_positives", "Training images that carry it; -1 = not known.", "images"),
        *interval("difficulty", "1 - AP beyond what its prevalence explains."),
        integer("difficulty_rank", "1 is the hardest; -1 = without a positive."),
        integer("rank_low", "Lower end of the 95 % interval of the rank; -1 = unknown."),
        integer("rank_high", "Upper end of the 95 % interval of the rank; -1 = unknown."),
        number("disagreement", "Mean disagreement of the two branches.", "nats", optional=True),
        text("causes", "Causes that were found, comma-separated, of the list in vocabulary.py."),
    ),
)
