"""Where a study's images and labels come from."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from udviz.recipe.section import Section, expand


class DataConfig(Section):
    """Where images and labels come from, and at what size they are read."""

    kind: Literal["scenes", "table", "voc", "coco", "imagefolder"] = "scenes"
    """Source: the embedded scenes, a CSV/Parquet table, Pascal VOC, COCO, or an image folder."""
    root: str = ""
    """Folder that holds the data; `$NAME` is replaced by that environment variable."""
    labels: str = "labels.csv"
    """Table only: label table inside `root`, one row per image."""
    images: str = "images"
    """Table only: folder of the images inside `root`."""
    splits: str = ""
    """Table only: table inside `root` with columns image and split; empty = none."""
    label_column: str = ""
    """Table or image folder: the column that lists labels; empty = one 0/1 column per label."""
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
    val_fraction: float = Field(0.0, ge=0, lt=1)
    """VOC or COCO: share of training images held out as validation; 0 = VOC's lists, COCO 0.1."""
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
