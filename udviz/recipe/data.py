"""Where a study's images and labels come from."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from udviz.recipe.section import Section, expand


class DataConfig(Section):
    """Where images and labels come from, and at what size they are read."""

    kind: Literal["scenes", "table", "voc", "coco", "imagefolder", "nuswide", "openimages"] = (
        "scenes"
    )
    """Source: drawn scenes, a table, Pascal VOC, COCO, an image folder, NUS-WIDE, Open Images."""
    root: str = ""
    """Folder that holds the data; `$NAME` is replaced by that environment variable."""
    labels: str = "labels.csv"
    """Table only: label table inside `root`, one row per image."""
    images: str = "images"
    """Table, NUS-WIDE or Open Images: folder of the images inside `root`."""
    splits: str = ""
    """Table only: table inside `root` with columns image and split; empty = none."""
    image_column: str = ""
    """Table or image folder: the column of image names; empty = found by name and content."""
    label_columns: tuple[str, ...] = ()
    """Table or image folder: the 0/1 columns of labels; empty = every other column."""
    ignore_columns: tuple[str, ...] = ()
    """Table or image folder: columns that are not read; Open Images: classes left out."""
    label_column: str = ""
    """Table or image folder: the column that lists labels; empty = found, or a column per label."""
    separator: str = ""
    """Between the labels of a list: `,`, `|`, `space`, ...; empty = found."""
    rows: Literal["auto", "image", "label"] = "auto"
    """Table or image folder: what a row is, an image or one label of an image."""
    blank_means: Literal["unknown", "absent"] = "unknown"
    """What a blank cell says of its label; Open Images: a label of which nothing is said."""
    minus_one_means: Literal["unknown", "absent"] = "unknown"
    """What -1 says of its label; some tables code present and absent as 1 and -1."""
    split_column: str = ""
    """Table or image folder: the column of splits; empty = found by its name and values."""
    group_column: str = ""
    """Table or image folder: images with an equal cell stay in one split; empty = none."""
    slice_columns: tuple[str, ...] = ()
    """Table or image folder: columns (site, annotator, date) to compare results by; no labels."""
    split_fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
    """Table or image folder: shares of train, val and test where splits are drawn."""
    header: Literal["auto", "yes", "none"] = "auto"
    """Table or image folder: whether the first line names the columns."""
    encoding: str = ""
    """Table or image folder: encoding of the text; empty = UTF-8, UTF-16 or Windows-1252, found."""
    verify: Literal["auto", "header", "decode", "none"] = "auto"
    """Check of images: `header` start and end, `decode` all; `auto`: all, once, before a study."""
    masks: str = ""
    """Table only: folder of pixel masks inside `root`; empty = none."""
    mask_labels: str = ""
    """Table only: table inside `root` with columns value and label of the masks."""
    year: str = ""
    """VOC only: year folder inside `root`, as 2007; empty = `root` itself."""
    train_annotations: str = "annotations/instances_train2017.json"
    """COCO only: instances file of the training images inside `root`."""
    test_annotations: str = "annotations/instances_val2017.json"
    """COCO only: instances file of the test images inside `root`."""
    train_images: str = "train2017"
    """COCO only: folder of the training images inside `root`."""
    test_images: str = "val2017"
    """COCO only: folder of the test images inside `root`."""
    val_annotations: str = ""
    """COCO only: instances file of the validation images inside `root`; empty = drawn."""
    val_images: str = "val2017"
    """COCO only: folder of the validation images inside `root`."""
    crowd_means: Literal["auto", "unknown", "present"] = "auto"
    """COCO only: what `iscrowd` says of a label; `auto`: unknown, but present where all have it."""
    val_fraction: float = Field(0.0, ge=0, lt=1)
    """Share of training images held out as validation; 0 = VOC's lists; others 0.1."""
    side_px: int = Field(96, ge=16, le=2048)
    """Side of the square that every image is resized to, in pixels."""
    bad_images: Literal["stop", "set_aside"] = "stop"
    """What to do with images that cannot be used: stop the run, or set them aside and list them."""
    n_train: int = Field(2400, ge=8)
    """Scenes only: number of training images."""
    n_val: int = Field(600, ge=4)
    """Scenes only: number of validation images."""
    n_test: int = Field(1200, ge=4)
    """Scenes only: number of test images."""
    seed: int = Field(0, ge=0)
    """Seed of the drawn scenes, or of a split made here."""

    @property
    def folder(self) -> Path:
        """`root` with environment variables replaced."""
        return Path(expand(self.root, flag="--data.root"))
