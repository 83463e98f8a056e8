"""The tables of an analysis as CSV files: the columns that most people want, or all."""

from pathlib import Path

from udviz.analysis.schema.tables import TABLES
from udviz.analysis.store import read_table
from udviz.export.spreadsheet import safe_csv

LEAN = {  # table: its columns, where not all are asked for
    "models": (
        *("model", "seeds", "mean_ap", "mean_ap_low", "mean_ap_high", "mean_ap_seed_sd"),
        *("mean_ap_supported", "cf1", "of1", "macro_f1"),
    ),
    "labels": (
        *("label", "positives", "known", "supported", "train_positives", "difficulty"),
        *("difficulty_rank", "rank_low", "rank_high", "causes", "partners"),
    ),
    "scores": (
        *("model", "label", "average_precision", "average_precision_low"),
        *("average_precision_high", "auroc", "ece", "ece_expected", "threshold"),
        *("precision", "recall", "f1"),
    ),
    "comparisons": (
        *("before", "after", "metric", "scope", "label", "before_value", "after_value", "gain"),
        *("gain_low", "gain_high", "p", "q", "verdict"),
    ),
}


def write_tables(study: Path, folder: Path, *, split: str, all_columns: bool) -> None:
    """Write ``<table>.csv`` of every table into a new folder.

    Args:
        study: Folder of the study.
        folder: Must not exist yet.
        split: Whose rows, in tables that have splits.
        all_columns: Whether every table of docs/tables.md that has rows, with all of its columns;
            else those of `LEAN`.

    Raises:
        AnalysisError: If the study has no whole analysis.
        OSError: If they cannot be written.
    """
    folder.mkdir(parents=True)
    for table in TABLES:
        if not all_columns and table.name not in LEAN:
            continue
        has_split = "split" in {column.name for column in table.columns}
        rows = read_table(
            study,
            table.name,
            columns=None if all_columns else LEAN[table.name],
            where=[("split", [split])] if has_split else (),
        )
        if not rows.empty:
            (folder / f"{table.name}.csv").write_text(safe_csv(rows), encoding="utf-8", newline="")
