"""The images that brought predictions are of, where a folder of them is named."""

from collections.abc import Sequence
from pathlib import Path

from udviz.checks import shown
from udviz.data.images.finder import locate
from udviz.data.problems import ProblemLog, describe_problem
from udviz.predictions.cache import open_predictions
from udviz.studies.models import models_at


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


def files_of_images(study: Path, folder: Path) -> list[Path | None]:
    """The file below ``folder`` of every image of a study, by its row; None where there is none.

    Raises:
        FileNotFoundError: If the folder is no longer there.
        ValueError: If the record or the predictions are damaged.
    """
    run = next(iter(models_at(study)[0].directories(study).values()))
    caches = [run.predictions(split) for split in ("test", "val")]  # the order of the rows
    ids = [
        image_id
        for cache in caches
        if cache.is_dir()
        for image_id in open_predictions(cache).images["image_id"]
    ]
    return locate(folder, ids, ProblemLog())
