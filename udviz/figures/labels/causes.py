"""Why a label may be difficult: the names used in the tables, and what they mean."""

CAUSES = {
    "rare": "Few training photos show it.",
    "look-alike": "It is wrongly seen where another label is present.",
    "suspect labels": "Marks seem to be missing on photos that show it.",
    "miscalibrated": "Its probabilities are further off than chance allows.",
    "uncertain": "Much doubt is left after the teacher has looked.",
    "small": "It covers little of the picture.",
    "occluded": "Much of it is usually hidden.",
}


def split_causes(cell: object) -> list[str]:
    """The causes named in one comma-separated cell; none where the cell is empty."""
    if not isinstance(cell, str):
        return []
    return [cause.strip() for cause in cell.split(",") if cause.strip()]
