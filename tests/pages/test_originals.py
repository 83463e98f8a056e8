"""The image that is looked at comes from its own file, as long as that is what was trained on."""

import numpy as np
import pytest
from PIL import Image

from udviz.data.source import load_dataset
from udviz.recipe.data import DataConfig
from udviz.ui.load.images import ORIGINAL_PX, ImageSource, original
from udviz.ui.load.study import StudyError


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A study of six photos of 1600 x 800, read at 64 px."""
    rows = ["image,cat,dog,split"]
    for place, split in enumerate(["train", "val", "test"] * 2):
        pixels = np.full((800, 1600, 3), 40 * place, np.uint8)
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{place}.png")
        rows.append(f"{place}.png,{place // 3},{1 - place // 3},{split}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    data = DataConfig(kind="table", root=str(tmp_path), side_px=64)
    study = tmp_path / "runs" / "mine"
    study.mkdir(parents=True)
    (study / "study.toml").write_text(
        f'name = "mine"\n[data]\nkind = "table"\nroot = "{tmp_path}"\nside_px = 64\n'
    )
    dataset = load_dataset(data)
    return ImageSource(study=str(study), fingerprint=dataset.fingerprint, side_px=64)


def test_the_original_is_larger_than_what_the_models_saw(source):
    image = original(source, 2)

    assert image.shape == (ORIGINAL_PX // 2, ORIGINAL_PX, 3)
    assert (image == 80).all()


def test_a_file_with_other_pixels_is_not_shown_for_what_was_trained_on(source, tmp_path):
    original(source, 0)  # reads the data set as it was
    Image.new("RGB", (1600, 800), "red").save(tmp_path / "images" / "3.png")

    with pytest.raises(StudyError, match="has changed since the data set was read"):
        original(source, 3)


def test_a_file_that_has_gone_is_said(source, tmp_path):
    original(source, 0)
    (tmp_path / "images" / "4.png").unlink()

    with pytest.raises(StudyError, match="there is no such file"):
        original(source, 4)
