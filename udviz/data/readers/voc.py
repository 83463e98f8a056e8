"""Pascal VOC, and data sets laid out like it."""

from pathlib import Path

from udviz.data.dataset import Dataset
from udviz.data.images.digests import FileDigests
from udviz.data.images.finder import locate
from udviz.data.problems import ProblemLog
from udviz.data.readers.assemble import Rows, assemble
from udviz.data.readers.voc_lists import (
    images_beside_annotations,
    listed_images,
    read_label_lists,
)
from udviz.data.readers.voc_xml import read_annotations
from udviz.data.splits import complete_splits, shares_with

MAIN = "ImageSets/Main"  # folder of the lists


def read_voc(
    root: Path | str,
    *,
    year: str = "",
    val_fraction: float | None = None,
    split_seed: int = 0,
    bad_images: str = "stop",
    verify: str = "header",
    digests: FileDigests | None = None,
) -> Dataset:
    """Read Pascal VOC: images, their labels, *difficult* flags and boxes.

    Labels and boxes come from ``Annotations/*.xml``; where that folder is absent, labels come from
    ``ImageSets/Main/<label>_<split>.txt``. A label whose objects are all *difficult* is unknown
    (-1) and flagged difficult. Where there is no ``test.txt`` (VOC 2012), val is the test split
    and val is drawn from train.

    Args:
        root: ``VOCdevkit``, or with no ``year`` the folder that holds ``ImageSets``.
        year: ``2007`` for the folder ``VOC2007`` of ``root``.
        val_fraction: If given, train and val lists are pooled, as papers do, and this share of
            them is drawn as val. By default the official lists are used.
        split_seed: Another seed draws another val.
        bad_images: ``stop`` raises if images cannot be used, ``set_aside`` goes on without them.
        verify: ``header`` looks at start and end of each file, ``decode`` decodes it, ``none``
            only asks whether it is there.
        digests: What is remembered of files that were read before; None for nothing.

    Returns:
        The data set; image ids are file names without suffix, labels are sorted.

    Raises:
        DataProblems: If images cannot be used and ``bad_images`` is ``stop``.
        FileNotFoundError: If a folder or ``train.txt`` does not exist.
        ValueError: If there are no labels.
    """
    log = ProblemLog()
    folder = Path(root) / f"VOC{year}" if year else _folder_below(Path(root), log)
    main, annotations, images = (folder / name for name in (MAIN, "Annotations", "JPEGImages"))
    if main.is_dir():
        image_ids, splits = listed_images(main, pooled=val_fraction is not None, log=log)
    else:
        annotations = annotations if annotations.is_dir() else folder
        images = images if images.is_dir() else folder
        image_ids, splits = images_beside_annotations(annotations)
        if (splits != "").any():
            log.guess("there are no lists of splits, so folders say them", flag="--data.root")
    paths = locate(images, [f"{image_id}.jpg" for image_id in image_ids], log)
    if annotations.is_dir():
        objects, label_names = read_annotations(annotations, image_ids, log)
        targets, difficult = objects.targets(len(image_ids), len(label_names))
        boxes = objects.boxes()
    else:
        targets, difficult, label_names = read_label_lists(main, image_ids, log)
        boxes = None
    rows = Rows(
        image_ids=image_ids,
        paths=paths,
        splits=complete_splits(
            splits,
            targets,
            image_ids,
            log,
            fractions=shares_with(val_fraction or 0.0),
            seed=split_seed,
        ),
        targets=targets,
        difficult=difficult,
        boxes=boxes,
    )
    return assemble(
        rows,
        log,
        name=folder.resolve().name,
        label_names=label_names,
        bad_images=bad_images,
        verify=verify,
        digests=digests,
    )


def _folder_below(root: Path, log: ProblemLog) -> Path:
    """``root``, or the one folder in it that is laid out as VOC.

    Raises:
        ValueError: If there are several: years, which ``year`` chooses from.
    """
    found = [] if (root / MAIN).is_dir() else [*root.glob(f"*/{MAIN}/"), *root.glob(f"*/*/{MAIN}/")]
    below = sorted(path.parents[1] for path in found)
    if len(below) > 1:
        raise ValueError(
            f"{root} holds {', '.join(path.name for path in below)}. Say which: --data.year, as "
            f"{below[0].name.removeprefix('VOC')}, or pass that folder as --data.root."
        )
    if below:
        log.guess(f"the data are those in {below[0].relative_to(root)}", flag="--data.year")
    return below[0] if below else root
