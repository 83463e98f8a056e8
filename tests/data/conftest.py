import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def save_photo() -> Callable[..., Path]:
    """Saves a small photo-like image whose content is drawn from `seed`."""

    def save(path: Path, *, seed: int = 0, size: tuple[int, int] = (24, 16)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path)
        return path

    return save


@pytest.fixture
def labelled(tmp_path, save_photo) -> Path:
    """Four photos, of which c and d are val and test, and a table of 0/1 columns."""
    for seed, name in enumerate(("a", "b", "c", "d")):
        save_photo(tmp_path / "photos" / f"{name}.jpg", seed=seed)
    lines = (
        "image,cat,dog,split",
        "a.jpg,1,0,train",
        "b.jpg,,1,train",
        "c.jpg,0,1,val",
        "d.jpg,true,False,test",
    )
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture
def real_data() -> Path:
    """The folder with real photos; a test that asks for it is skipped where there is none."""
    root = os.environ.get("UDVIZ_REAL_DATA")
    if not root:
        pytest.skip("UDVIZ_REAL_DATA is not set: the folder with the real photos")
    return Path(root)
