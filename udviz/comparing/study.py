"""A study of predictions that were brought: its folder appears when all of it is there."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import tomli_w

from udviz.analysis.engines.engine import Engine
from udviz.analysis.plan import Plan
from udviz.analysis.study import analyse_plan
from udviz.checks import shown
from udviz.comparing.split import BroughtSplit
from udviz.data.dataset import Boxes
from udviz.data.kept_boxes import OBJECTS, write_boxes
from udviz.predictions.brought.reading import files_of
from udviz.recipe.brought import BroughtStudy
from udviz.studies import privacy
from udviz.studies.directory import STUDY_FILE
from udviz.studies.files import file_digest, replace_file
from udviz.studies.lock import STUDY_LOCK, exclusive
from udviz.studies.status import Status, write_status
from udviz.vocabulary import Split

Advance = Callable[[float, str], None]


def write_study(
    out: Path,
    study: BroughtStudy,
    splits: dict[Split, BroughtSplit],
    advance: Advance = lambda fraction, message: None,
    *,
    boxes: Boxes | None = None,
    engine: Engine | None = None,
) -> None:
    """Write caches, tables and record of a study; nothing is left of one that fails.

    Args:
        out: Folder of the study; must not exist yet.
        study: What is known of it.
        splits: Its predictions: of the test split, and of the validation split if there is one.
            Emptied as they are written: the analysis needs their memory.
        advance: Called with the share that is done, in [0, 1], and what was done last.
        boxes: Objects in its images, by their rows over all splits; None without any.
        engine: Where the jobs of the analysis run; None for this machine.

    Raises:
        ValueError: If ``out`` is there already.
        RuntimeError: If another process writes it at this moment.
        OSError: If it cannot be written.
    """
    check_free(out)
    draft = out.with_name(f".{out.name}.draft")
    draft.mkdir(mode=privacy.folder_mode(), parents=True, exist_ok=True)
    with exclusive(draft):
        try:
            _clear(draft)
            if boxes is not None:
                write_boxes(boxes, draft / OBJECTS)
            _write(draft, study, splits, advance, engine)
            check_free(out)
            draft.rename(out)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def _clear(draft: Path) -> None:
    """Remove what a writer that was killed left there."""
    for path in draft.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != STUDY_LOCK:
            path.unlink()


def _write(
    draft: Path,
    study: BroughtStudy,
    splits: dict[Split, BroughtSplit],
    advance: Advance,
    engine: Engine | None,
) -> None:
    first_row = 0
    for name in list(splits):
        digests = {
            f"{model}-{seed}": source.sha256
            for model, about in study.brought.items()
            for seed, source in enumerate(about.files(name))
        }
        data, n_images = study.targets_of(name).sha256, len(splits[name].joined.ids)
        splits.pop(name).write(draft, name, data=data, digests=digests, first_row=first_row)
        first_row += n_images
    analyse_plan(Plan.of_brought(study), draft, None, advance, engine=engine)
    record = study.model_dump(mode="json", exclude_none=True)
    replace_file(draft / STUDY_FILE, tomli_w.dumps(record))
    write_status(draft, Status(state="finished", stage="Finished", fraction=1.0))


def check_free(out: Path) -> None:
    """Raise if there is something at ``out``: people may have reviewed targets in it.

    Raises:
        ValueError: Says what to do.
    """
    if out.exists() or out.is_symlink():
        raise ValueError(
            f"`--out` must be a folder that does not exist yet, got {shown(str(out))}. "
            "Choose another, or delete it first."
        )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of its files' digests in order."""
    if path.is_dir():
        digests = "".join(map(file_sha256, files_of(path)))
        return hashlib.sha256(digests.encode()).hexdigest()
    return file_digest(path)
