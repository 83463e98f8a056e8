"""Every table of an analysis: its key, and each column's type, unit and meaning, once.

N images, L labels. Tables are long where models are many: a new model or comparison adds rows and
no columns. `docs/tables.md` is made from this page; every Parquet file carries its part of it.
"""

from udviz.analysis.schema.columns import (
    AFTER,
    BEFORE,
    COLUMN,
    LABEL,
    MODEL,
    SPLIT,
    Table,
    boolean,
    integer,
    interval,
    number,
    text,
)
from udviz.analysis.schema.detail_tables import DETAIL_TABLES

VERSION = 8  # of all tables together; raised whenever a column or its meaning changes

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
        integer("seeds", "Runs with different seeds.", "runs"),
        *interval(
            "mean_ap",
            "Mean average precision over all labels with a positive and a negative image.",
        ),
        number("mean_ap_seed_sd", "SD over seeds of `mean_ap`; NaN with one seed."),
        number("mean_ap_supported", "Mean AP over the labels with enough positives in this split."),
        integer("n_supported", "Labels in `mean_ap_supported`.", "labels"),
        number("mean_ap_trained", "Mean AP over the labels with enough training positives."),
        number("mean_ap_trained_seed_sd", "SD over seeds of `mean_ap_trained`."),
        integer("n_trained", "Labels with enough training positives.", "labels"),
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
        *interval("average_precision", "Average precision; NaN without positives or negatives."),
        number("auroc", "Area under the ROC curve; NaN without positives or negatives."),
        number("ece", "Expected calibration error, 15 bins of equal width."),
        number("ece_expected", "ECE that a calibrated model is expected to have on these images."),
        number("brier", "Brier score, the mean squared error of the probability."),
        number("threshold", "Decision threshold chosen on validation, a probability."),
        boolean(
            "threshold_chosen", "Whether validation had enough positives to choose it; else 0.5."
        ),
        *interval(
            "precision",
            "Share of the predicted images that carry the label, decided at each run's threshold.",
        ),
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
        text(
            "metric",
            "What is compared, of the list in vocabulary.py; all but average_precision on the test "
            "split only, and but brier where there is a validation split to choose thresholds on.",
        ),
        text(
            "scope",
            "label, or a mean, whose `label` is empty: mean over all labels that have a value, "
            "hard over the supported hard ones (`labels.hard`), rest over the other supported.",
        ),
        LABEL,
        integer("column", "Index of the label in [0, L); -1 of the mean."),
        *interval("before_value", "The metric of the model before, mean over the paired seeds."),
        *interval("after_value", "The metric of the model after, mean over the paired seeds."),
        *interval(
            "gain",
            "After minus before. At a validation recall, the interval holds how far thresholds "
            "vary with the images of validation; at F1 thresholds it is given the thresholds.",
            "[-1, 1]",
        ),
        number("p", "Two-sided p-value of no gain; NaN where the variance is unknown."),
        number(
            "q",
            "p corrected (Benjamini-Hochberg) for all labels of all comparisons of the split and "
            "metric; NaN below 5 positives, which are not tested, and of means.",
        ),
        text(
            "verdict",
            "helped, hurt or inconclusive: by q, at 0.05; of a mean by its interval. Where lower "
            "is better (false_positive_rate, brier), helped = fell.",
        ),
        number(
            "detectable_gain",
            "Smallest gain that this split and these seeds would show with 80 % power, the label "
            "tested on its own; NaN where the variance is unknown.",
        ),
        number(
            "gain_without_few",
            "`gain` without the images that move it most in its own direction: 1 % of those with "
            "the label (of the mean: of all, to first order), at least one; NaN if none is left, "
            "of other means and of metrics other than average_precision.",
            "[-1, 1]",
        ),
        boolean(
            "rests_on_few",
            "Whether a verdict of helped or hurt turns on these images: around `gain_without_few` "
            "an interval as wide would hold 0.",
        ),
        boolean(
            "supported", "Whether the label has enough positives in this split; true of means."
        ),
        integer("n_labels", "Labels in the mean; 1 for a label.", "labels"),
        integer("seeds", "Pairs of runs with the same seed.", "pairs"),
        boolean("includes_seeds", "Whether the interval covers training again with another seed."),
        boolean(
            "includes_teachers",
            "Whether the interval covers another teacher; if not, it is about students of this one "
            "where there is a teacher.",
        ),
        boolean(
            "clustered",
            "Whether the interval takes groups of images for independent (the data's group "
            "column), not images.",
        ),
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
        text(
            "supercategory",
            "What it belongs to by the data (COCO, Open Images); empty where it is said of none.",
            optional=True,
        ),
        integer("positives", "Images that carry the label.", "images"),
        integer("known", "Images whose target is known.", "images"),
        number("prevalence", "positives / known; NaN where no target is known."),
        boolean("supported", "Whether there are enough positives to judge it."),
        boolean(
            "hard",
            "Whether it is of the hardest third of the supported labels, by the reference's "
            "difficulty on validation (on this split where there is no validation).",
        ),
        integer("train_positives", "Training images that carry it; -1 = not known.", "images"),
        number("chance", "Expected average precision of a random ranking."),
        *interval(
            "difficulty", "(1 - AP) / (1 - chance): 0 perfect, 1 no better than chance.", "ratio"
        ),
        integer("difficulty_rank", "1 is the hardest of the supported labels; -1 = not supported."),
        integer("rank_low", "Lower end of the 95 % interval of the rank; -1 = unknown."),
        integer("rank_high", "Upper end of the 95 % interval of the rank; -1 = unknown."),
        number("disagreement", "Mean disagreement of the two branches.", "nats", optional=True),
        text("causes", "Causes that were found, comma-separated, of the list in vocabulary.py."),
        number("expected_ap", "rare: AP of a label this rare that ranks as well as the median."),
        text("partners", "confused: labels beside which it is wrongly seen, comma-separated."),
        *interval(
            "partner_lift",
            "confused: how many times as often it is wrongly seen beside the first of them.",
            "ratio",
        ),
        number("partner_share", "confused: share of its false positives beside the first of them."),
        number("doubted_share", "missing annotations: share of its known targets in doubt."),
        number("doubted_missing", "missing annotations: absent targets in doubt.", "images"),
        number("doubted_extra", "missing annotations: present targets in doubt.", "images"),
        number(
            "doubted_missing_unexplained",
            "missing annotations: absent targets in doubt without a partner in the image.",
            "images",
        ),
        number(
            "surest_marked",
            "missing annotations: of the images the model is surest of, those annotated.",
            "images",
        ),
        number("surest_unmarked", "missing annotations: those of them not annotated.", "images"),
        number(
            "surest_expected",
            "missing annotations: not annotated ones that the probabilities allow.",
            "images",
        ),
        number("suspect_q", "missing annotations: corrected p of the surplus."),
        number("ece_excess", "miscalibrated: ECE beyond that of a calibrated model.", "[-1, 1]"),
        number(
            "spiegelhalter_z",
            "miscalibrated: Spiegelhalter's Z, above 0 where overconfident, below where "
            "underconfident.",
            "standard deviations",
        ),
        number(
            "miscalibration_q",
            "miscalibrated: p of Z or of the ECE, whichever is smaller, doubled and corrected for "
            "all labels.",
        ),
        number("entropy", "uncertain: mean predictive entropy as the model states it.", "nats"),
        number(
            "entropy_share",
            "uncertain: entropy left after recalibration, per entropy of the prevalence.",
            "ratio",
        ),
        number("area", "small: median share of the image that its largest object covers."),
        number("visible", "occluded: median visible share of its most visible object."),
    ),
)

TABLES: tuple[Table, ...] = (MODELS, SCORES, COMPARISONS, LABELS, *DETAIL_TABLES)
BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
