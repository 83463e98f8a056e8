"""A study of predictions that were made elsewhere, in the app: no recipe, images or networks."""

import io
import re
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from udviz.analysis.object_masks import GRID
from udviz.comparing.asked import Asked
from udviz.comparing.files import compare_files
from udviz.stats.maps.grids import box_masks
from udviz.stats.maps.localisation import localise
from udviz.ui.attention.attention import HOW_TO_READ_BROUGHT
from udviz.ui.load.analysis_rows import load_study
from udviz.ui.load.caches import predictions_of, version_of
from udviz.ui.load.images import ImageSource, source_of, thumbnail

GAINS = "pages/3_Gains.py"
PAGES = (
    *("pages/1_Difficulty.py", "pages/2_Reliability.py", GAINS, "pages/4_Label.py"),
    *("pages/5_Attention.py", "pages/6_Data.py", "pages/7_Runs.py"),
)
SHOWN = (None, *PAGES[:4])  # without anything that is missing
PARTS = ("label frequency", "co-occurrence", "images", "annotation errors", "import report")
IDS = [f"{place}.jpg" for place in range(300)]
LABELS = ["cat", "dog", "cow", "hen"]


@pytest.fixture
def bring(runs, tmp_path, rng):
    """Compare so many models."""

    def bring(n_models):
        targets = (rng.random((300, 4)) < 0.3).astype(int)
        np.savez(tmp_path / "targets.npz", targets=targets, label_names=LABELS)
        models = {}
        for place, name in enumerate(("before", "after", "third")[:n_models]):
            scores = targets * (1.0 + 0.7 * place) + rng.normal(size=targets.shape)
            np.savez(tmp_path / f"{name}.npz", scores=scores, label_names=LABELS)
            models[name] = (tmp_path / f"{name}.npz",)
        asked = Asked(models=models, targets=tmp_path / "targets.npz")
        compare_files(asked, runs / "mine", command="udviz compare")

    return bring


@pytest.mark.parametrize("n_models", [1, 2, 3])
def test_every_page_opens_without_torch_and_images(n_models, bring, open_app, no_torch):
    bring(n_models)

    for page in (None, *PAGES):
        app = open_app(page, label="dog")
        assert not app.exception, (page, app.exception)
        assert app.title, f"{page} has no heading"
        if page in SHOWN:
            assert not app.error, (page, [error.value for error in app.error])
        if page == GAINS and n_models > 1:
            told = " ".join(part.value for part in app.markdown)
            assert {"before", "after"} <= set(re.findall(r"\w+", told))


def test_maps_and_boxes_that_came_with_predictions_are_shown_for_what_they_are(
    runs, tmp_path, rng, open_app
):
    targets = (rng.random((300, 4)) < 0.3).astype(int)
    np.savez(tmp_path / "targets.npz", targets=targets, label_names=LABELS, image_ids=IDS)
    scores, maps = tmp_path / "scores.npz", tmp_path / "maps.npy"
    np.savez(scores, scores=targets + rng.normal(size=targets.shape), label_names=LABELS)
    np.save(maps, np.ones((300, 4, 4)) * np.eye(4))
    objects = pd.DataFrame({"image": IDS, "label": "dog", "left": 0, "top": 0.5})
    objects.assign(right=0.5, bottom=1).to_csv(tmp_path / "boxes.csv")
    asked = Asked(
        models={"mine": (scores,)},
        targets=tmp_path / "targets.npz",
        attention={"mine": (maps,)},
        objects=tmp_path / "boxes.csv",
    )
    compare_files(asked, runs / "mine", command="udviz compare")

    app = open_app("pages/5_Attention.py", label="dog")

    assert not app.exception
    assert HOW_TO_READ_BROUGHT in [caption.value for caption in app.caption]
    table = next(t.value for t in app.table if "Energy inside" in t.value)
    dog = box_masks(np.array([[0, 0.5, 0.5, 1]]), height=GRID, width=GRID)
    energy = localise(np.eye(4)[None], dog).energy[0]  # a diagonal, and a box off it
    assert table["Energy inside"].iloc[0] == f"{energy:.2f}" == "0.05"
    assert table.loc["Uniform map", "Energy inside"] == "0.25"


@pytest.fixture
def no_torch(monkeypatch):
    """Importing PyTorch fails, as where it is not installed."""
    for name in ("torch", "torchvision", "captum"):
        monkeypatch.setitem(sys.modules, name, None)


def test_every_part_of_the_page_data_opens_and_the_last_tells_what_was_noted_about_the_files(
    bring, open_app
):
    bring(2)
    app = open_app("pages/6_Data.py")

    for part in PARTS:
        app.segmented_control(key="part").set_value(part).run()
        assert not app.exception, (part, app.exception)
        assert not app.error, (part, [error.value for error in app.error])

    told = " ".join(info.value for info in app.info)
    assert "scores taken as logits" in told
    assert "images have no names there" in told
    assert not app.success


def test_a_page_that_wants_images_says_that_none_were_brought(bring, open_app):
    bring(2)

    app = open_app("pages/4_Label.py")

    told = {info.value for info in app.info}
    assert any("were brought without images." in text for text in told), told


def test_images_that_were_named_are_shown_from_their_files(runs, tmp_path, rng, open_app):
    targets = (rng.random((60, 2)) < 0.4).astype(int)
    ids = [f"{place:03}.png" for place in range(60)]
    (tmp_path / "photos").mkdir()
    for place, name in enumerate(ids):
        picture = np.full((40, 80, 3), place, np.uint8)
        Image.fromarray(picture).save(tmp_path / "photos" / name)
    named = {"image_ids": ids, "label_names": ["cat", "dog"]}
    np.savez(tmp_path / "targets.npz", targets=targets, **named)
    np.savez(tmp_path / "only.npz", scores=rng.normal(size=(60, 2)), **named)
    asked = Asked(
        models={"only": (tmp_path / "only.npz",)},
        targets=tmp_path / "targets.npz",
        images=tmp_path / "photos",
    )
    compare_files(asked, runs / "mine", command="udviz compare")

    app = open_app("pages/6_Data.py", part="images")

    assert not app.exception
    assert not [info.value for info in app.info]
    photos = str(tmp_path / "photos")
    source = ImageSource(study=str(runs / "mine"), fingerprint="", side_px=224, images=photos)
    study = load_study(runs / "mine")
    assert source_of(study, predictions_of(version_of(study, "only", "test"))).images == photos
    shown = Image.open(io.BytesIO(thumbnail(source, 7)))
    assert (shown.size, shown.getpixel((5, 5))) == ((224, 112), (7, 7, 7))
