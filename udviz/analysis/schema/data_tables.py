"""The tables on what is in the data: labels together, counts, slices, the reader's problems."""

from udviz.analysis.schema.columns import (
    LABEL,
    SPLIT,
    Table,
    boolean,
    integer,
    interval,
    number,
    text,
)

CO_OCCURRENCE = Table(
    name="co_occurrence",
    row="split and ordered pair of different labels",
    key=("split", "label", "other_label"),
    columns=(
        SPLIT,
        text("label", "The given label."),
        text("other_label", "The co-occurring label."),
        integer("together", "Images that carry both.", "images"),
        number("conditional", "Share of the images with the given label that carry the other."),
        number("lift", "conditional / prevalence of the other; 1 if unrelated.", "ratio"),
    ),
)

LABEL_COUNTS = Table(
    name="label_counts",
    row="split, training included, and label",
    key=("split", "label"),
    columns=(
        SPLIT,
        LABEL,
        integer("positives", "Images that carry the label.", "images"),
        integer("absent", "Images that do not.", "images"),
        integer("unknown", "Images whose target is not known.", "images"),
    ),
)

LABELS_PER_IMAGE = Table(
    name="labels_per_image",
    row="split, training included, and number of labels",
    key=("split", "labels"),
    columns=(
        SPLIT,
        integer("labels", "Labels that an image carries.", "labels"),
        integer("images", "Images that carry so many.", "images"),
        number("share", "Their share of the split."),
    ),
)

SLICES = Table(
    name="slices",
    row="split, slice, metric and label, and one of their mean: the slice beside all other images",
    key=("split", "slice_column", "slice", "metric", "scope", "label"),
    columns=(
        text("split", "train, val, test, or all: every split together, prevalence only."),
        text("slice_column", "Metadata column of the data (`data.slice_columns`)."),
        text(
            "slice",
            "Its value on the images of the slice; (blank) where there is none, (several) where "
            "rows of an image differ, (other) for the values with fewer than 20 images.",
        ),
        text(
            "metric",
            "prevalence; and of the reference, on the splits it predicts: mean_prob, "
            "average_precision, auroc, and false_positive_rate and recall at the thresholds chosen "
            "on validation (0.5 without); means over seeds.",
        ),
        text(
            "scope",
            "label, or mean over the labels that both sides support (over all, of prevalence); "
            "then `label` is empty.",
        ),
        LABEL,
        integer("column", "Index of the label in [0, L); -1 of the mean."),
        integer("known", "Images of the slice whose target is known; of a mean, all.", "images"),
        integer("positives", "Of these, those that carry the label; of a mean, cells.", "images"),
        integer("rest_known", "`known` outside of the slice.", "images"),
        integer("rest_positives", "`positives` outside of the slice.", "images"),
        *interval("value", "The metric on the slice."),
        *interval("rest", "The metric on all other images."),
        *interval(
            "difference",
            "value - rest. Intervals hold how images vary, not training again. That of an AP owes "
            "part of itself to another prevalence, that of an AUROC does not.",
            "[-1, 1]",
        ),
        number(
            "p",
            "Two-sided p-value of no difference: of shares Fisher's exact test, doubled (images in "
            "groups: as for the other metrics), else from the interval; NaN of average_precision "
            "and below 5 images on a side (auroc: with and without the label).",
        ),
        number(
            "q",
            "p corrected (Benjamini-Hochberg) for all labels and slices of the split and metric; "
            "NaN of means.",
        ),
        integer("n_labels", "Labels in the mean; 1 for a label.", "labels"),
    ),
)

PROBLEMS = Table(
    name="problems",
    row="kind of problem that the reader of the data reported",
    key=("kind",),
    columns=(
        text("kind", "What is wrong."),
        integer("count", "How often."),
        boolean("fatal", "Whether nothing can be trained on it."),
        text("examples", "Some of them, one a line."),
    ),
)

DATA_TABLES: tuple[Table, ...] = (
    CO_OCCURRENCE,
    LABEL_COUNTS,
    LABELS_PER_IMAGE,
    SLICES,
    PROBLEMS,
)
