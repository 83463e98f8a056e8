"""The tables behind single questions: calibration, gaps, images, confusions, attention."""

from udviz.analysis.schema.columns import (
    AFTER,
    BEFORE,
    COLUMN,
    LABEL,
    MODEL,
    SPLIT,
    Column,
    Table,
    boolean,
    integer,
    interval,
    number,
    text,
)
from udviz.analysis.schema.data_tables import DATA_TABLES


def _error(name: str, meaning: str) -> tuple[Column, ...]:
    """A calibration error with the levels of a calibrated model."""
    return (
        number(name, meaning),
        number(f"{name}_null", f"Expected `{name}` of a calibrated model on these images."),
        number(f"{name}_null_upper", f"95th percentile of `{name}` of a calibrated model."),
        number(f"{name}_excess", f"`{name}` minus `{name}_null`.", "[-1, 1]"),
        number(f"{name}_p", f"One-sided p of a `{name}` this large if calibrated."),
    )


CALIBRATION = Table(
    name="calibration",
    row="split, model, recalibration and label, and one of all labels pooled; means over seeds",
    key=("split", "model", "recalibration", "scope", "label"),
    columns=(
        SPLIT,
        MODEL,
        text(
            "recalibration",
            "none, temperature, platt or isotonic: fitted on the validation split of each run, so "
            "that the validation split itself has none only.",
        ),
        text("scope", "label, or pooled: all labels as one; then `label` is empty."),
        LABEL,
        integer("column", "Index of the label in [0, L); -1 of all labels pooled."),
        integer("known", "Images whose target is known; cells where pooled.", "images"),
        integer("positives", "Images that carry the label; cells where pooled.", "images"),
        number("prevalence", "positives / known."),
        number("mean_prob", "Mean probability."),
        *_error("ece", "Expected calibration error, 15 bins of equal width."),
        *_error("adaptive_ece", "The same with 15 bins of equal mass."),
        *_error("mce", "Maximum calibration error, 15 bins of equal width."),
        number("brier", "Brier score: reliability - resolution + uncertainty, and what bins hide."),
        number("reliability", "Mean squared gap between probability and frequency of a bin."),
        number("resolution", "Variance of the bins' frequencies; higher is better."),
        number("uncertainty", "prevalence (1 - prevalence): the score of the prevalence itself."),
        number("nll", "Negative log-likelihood.", "nats"),
        number(
            "spiegelhalter_z",
            "Spiegelhalter's Z, a standard normal if calibrated; above 0 where too sure.",
            "standard deviations",
        ),
    ),
)

THRESHOLDS = Table(
    name="thresholds",
    row="model, seed and label",
    key=("model", "seed", "label"),
    columns=(
        MODEL,
        integer("seed", "Seed of the run."),
        LABEL,
        COLUMN,
        number("threshold", "Probability with the best F1 on validation, else 0.5."),
        boolean("chosen", "Whether validation had enough positives to choose it."),
        number("f1_on_val", "F1 on validation, so too good to report; NaN where not chosen."),
    ),
)

GAP = Table(
    name="gap",
    row="split, comparison and label",
    key=("split", "before", "after", "teacher", "label"),
    columns=(
        SPLIT,
        BEFORE,
        AFTER,
        text("teacher", "Name of the teacher."),
        LABEL,
        COLUMN,
        number("gap", "Average precision of the teacher minus that before.", "[-1, 1]"),
        number("gain", "Average precision after minus that before.", "[-1, 1]"),
        number("closed", "gain / gap: 1 reaches the teacher; NaN unless `bounded`.", "ratio"),
        number("closed_low", "Lower end of its 95 % interval (Fieller); may be -inf.", "ratio"),
        number("closed_high", "Upper end of its 95 % interval; may be inf.", "ratio"),
        boolean("bounded", "Whether the gap is surely not 0; else any ratio is possible."),
    ),
)

CONTRIBUTIONS = Table(
    name="contributions",
    row="split, comparison, label and image: the 25 that helped and hurt a label's gain most",
    key=("split", "before", "after", "label", "image_id"),
    columns=(
        SPLIT,
        BEFORE,
        AFTER,
        LABEL,
        text("image_id", "Id of the image."),
        integer("image", "Index of the image in [0, N), its row in the predictions."),
        boolean("present", "Whether the image carries the label."),
        number(
            "contribution", "Share of the label's gain; over all images they sum to it.", "[-1, 1]"
        ),
        number("rank_before", "1 + images that score higher before, mean over seeds.", "rank"),
        number("rank_after", "The same after.", "rank"),
    ),
)

CONFUSIONS = Table(
    name="confusions",
    row="split and pair of labels: when the partner is present, the label is wrongly seen",
    key=("split", "label", "partner"),
    columns=(
        SPLIT,
        LABEL,
        COLUMN,
        text("partner", "The label that is present."),
        integer("partner_column", "Index of the partner in [0, L)."),
        integer(
            "false_positives", "Images with the partner where the label is wrongly seen.", "images"
        ),
        integer("chances", "Images with the partner and without the label.", "images"),
        number("rate", "false_positives / chances."),
        number("rate_without", "False-positive rate where the partner is absent."),
        *interval(
            "lift", "rate / rate_without; the interval holds for all pairs at once.", "ratio"
        ),
        number("share", "Share of the label's false positives that lies beside the partner."),
    ),
)

SUSPECTS = Table(
    name="suspects",
    row="split and target that is in doubt, most suspect first",
    key=("split", "label", "image_id"),
    columns=(
        SPLIT,
        LABEL,
        COLUMN,
        text("image_id", "Id of the image."),
        integer("image", "Index of the image in the predictions that judged it, end to end."),
        text("direction", "missing: seems present but is not annotated; extra: the reverse."),
        number("prob", "What the model says."),
        number("quality", "Adjusted self-confidence (cleanlab); low is suspect."),
    ),
)

OUTLIER_IMAGES = Table(
    name="outlier_images",
    row="split and image on which the model is sure of implausibly many labels",
    key=("split", "image_id"),
    columns=(
        SPLIT,
        text("image_id", "Id of the image."),
        integer("image", "Index of the image in the predictions that judged it, end to end."),
        integer("unmarked", "Labels it is among the surest of and does not carry.", "labels"),
        integer("carried", "Labels that it carries.", "labels"),
        text("labels", "Those it is among the surest of and does not carry, comma-separated."),
    ),
)

LOCALISATION = Table(
    name="localisation",
    row="split, model with attention and label: its first run's maps against the objects",
    key=("split", "model", "label"),
    columns=(
        SPLIT,
        MODEL,
        LABEL,
        COLUMN,
        integer("objects", "Images with the label's objects and a map.", "images"),
        *interval("hit", "Pointing game: share whose highest point lies on the object."),
        number("energy", "Share of the map that lies on the object."),
        number("area", "Share of the image that is object: hit and energy of a uniform map."),
        number("hit_centre", "hit of a centred Gaussian map."),
        number("energy_centre", "energy of a centred Gaussian map."),
        *interval("hit_beyond_centre", "hit minus hit_centre, image by image.", "difference"),
        *interval("energy_beyond_centre", "energy minus energy_centre.", "difference"),
    ),
)

ATTENTION_AGREEMENT = Table(
    name="attention_agreement",
    row="split, pair of models with attention and label: maps of their first runs",
    key=("split", "model", "other_model", "label"),
    columns=(
        SPLIT,
        text("model", "Name of the one model, the reference or the model before."),
        text("other_model", "Name of the other model."),
        LABEL,
        COLUMN,
        integer("images", "Images that carry the label and have both maps.", "images"),
        *interval("correlation", "Mean correlation of the two maps of an image.", "correlation"),
        number("overlap", "Mean shared energy of the two maps."),
        number("correlation_elsewhere", "The same of maps of different images.", "[-1, 1]"),
        number("overlap_elsewhere", "The same of maps of different images."),
    ),
)

DETAIL_TABLES: tuple[Table, ...] = (
    CALIBRATION,
    THRESHOLDS,
    GAP,
    CONTRIBUTIONS,
    CONFUSIONS,
    SUSPECTS,
    OUTLIER_IMAGES,
    *DATA_TABLES,
    LOCALISATION,
    ATTENTION_AGREEMENT,
)
