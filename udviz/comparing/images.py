"""The images that brought predictions are of, where a folder of them is named."""

from collections.abc import Sequence
from pathlib import Path

from udviz.checks import shown
from udviz.data.images.finder import locate
from udviz.data.problems import ProblemLog, describe_problem
from udviz.predictions.cache import open_predictions
from udviz.recipe.brought import BroughtStudy
from udviz.studies.directory import RunDirectory


def note_images(folder: Path, ids: Sequence[str]) -> str:
    """How many images have a file below ``folder``, in a sentence.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If none has one.
    """
    log = ProblemLog()
    n_found = sum(path is not None for path in locate(folder, ids, log))
    if not n_found:
        told = "; ".join(map(describe_problem, log.problems()))
        raise ValueError(
            f"`--images` must be the folder of the {len(ids):,} images, got {shown(str(folder))}, "
            f"which holds none of them: {told}."
        )
    return f"{n_found:,} of {len(ids):,} images have a file below {shown(str(folder))}."


def files_of_images(study: Path, record: BroughtStudy) -> list[Path | None]:
    """The file of every image of a study, by its row; None where there is none.

    Raises:
        FileNotFoundError: If the folder is no longer there.
        ValueError: If the predictions are damaged.
    """
    run = RunDirectory(study / f"{next(iter(record.brought))}-0")
    splits = ("test", "val") if record.val_targets else ("test",)
    ids = [
        image_id
        for split in splits
        for image_id in open_predictions(run.predictions(split)).images["image_id"]
    ]
    return locate(Path(record.images), ids, ProblemLog())
