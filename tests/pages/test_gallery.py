import io
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.pages.caches import cache_of
from udviz.data.images.decoded import DecodedImages
from udviz.data.source import load_dataset
from udviz.predictions.cache import open_predictions
from udviz.recipe.files import read_recipe
from udviz.ui.labels import gallery
from udviz.ui.load import images
from udviz.ui.load.analysis_rows import load_study
from udviz.ui.load.study import StudyError


@pytest.fixture
def study(trained, runs):
    """A copy of the trained study whose images are not decoded any more."""
    return load_study(shutil.copytree(trained, runs / "small"))


@pytest.fixture
def run(study):
    return open_predictions(cache_of(study.path, "teacher", "test"))


@pytest.fixture
def source(study, run):
    return images.source_of(study, run)


def test_a_square_is_what_the_models_saw(study, run, source, tmp_path):
    dataset = load_dataset(read_recipe(study.path / "study.toml").data)
    row = int(run.images["row"].iloc[3])

    square = images.square(source, row)

    seen = DecodedImages(dataset, side_px=64, directory=tmp_path / "other")[row]
    np.testing.assert_array_equal(square, seen)


def test_a_stored_image_needs_no_data_set(trained, monkeypatch):
    study = load_study(trained)
    run = open_predictions(cache_of(trained, "teacher", "test"))
    monkeypatch.setattr(images, "load_dataset", None)

    square = images.square(images.source_of(study, run), int(run.images["row"].iloc[0]))

    assert square.shape == (64, 64, 3)


def test_a_thumbnail_has_the_aspect_of_its_image(study, source, monkeypatch):
    monkeypatch.setattr(images, "stored_aspect", lambda folder, row: 0.5)
    images.thumbnail.clear()

    small = Image.open(io.BytesIO(images.thumbnail(source, 0)))

    assert small.size == (32, 64)
    images.thumbnail.clear()


def test_a_data_set_that_changed_is_not_shown_as_the_one_of_the_study(study, source):
    recipe = study.path / "study.toml"
    recipe.write_text(recipe.read_text().replace("n_train = 96", "n_train = 95"))

    with pytest.raises(StudyError, match="has changed since this study was made"):
        images.square(source, 0)


def test_a_data_set_that_is_gone_is_explained(study, source):
    recipe = study.path / "study.toml"
    text = recipe.read_text().replace('kind = "scenes"', 'kind = "table"')
    recipe.write_text(text.replace('root = ""', 'root = "nowhere"'))

    with pytest.raises(
        StudyError, match=r"cannot be read.*data\\\.root\\` must be an existing folder"
    ):
        images.square(source, 0)


@pytest.fixture
def _no_links(monkeypatch):
    """The gallery is drawn alone here, so there is no page that it could link to."""
    monkeypatch.setattr(gallery.links, "to_image", lambda *args, **named: None)


def draw_gallery(study_path):
    from pathlib import Path

    from tests.pages.caches import cache_of
    from udviz.predictions.cache import open_predictions
    from udviz.ui.labels import gallery
    from udviz.ui.load.analysis_rows import load_study
    from udviz.ui.load.images import source_of

    study = load_study(Path(study_path))
    run = open_predictions(cache_of(study.path, "teacher", "test"))
    source = source_of(study, run)
    gallery.draw(run.images, source, caption=lambda image: f"row {image['row']}", key="shown")


@pytest.mark.usefixtures("_no_links")
def test_a_gallery_shows_a_page_of_images_and_turns_pages(trained, runs):
    app = AppTest.from_function(draw_gallery, args=(str(trained),), default_timeout=60).run()
    rows = open_predictions(cache_of(trained, "teacher", "test")).images["row"]

    assert not app.exception
    assert [m.value for m in app.markdown] == [f"row {row}" for row in rows[: gallery.PAGE_SIZE]]
    assert len(app.get("image")) == gallery.PAGE_SIZE

    app.pagination(key="shown").set_value(8).run()

    assert [m.value for m in app.markdown] == [f"row {row}" for row in rows[84:96]]


@pytest.mark.usefixtures("_no_links")
def test_an_image_that_cannot_be_read_says_so_in_its_place(study, runs):
    recipe = study.path / "study.toml"
    recipe.write_text(recipe.read_text().replace("n_train = 96", "n_train = 95"))

    app = AppTest.from_function(draw_gallery, args=(str(study.path),), default_timeout=60).run()

    assert not app.exception
    assert len(app.info) == gallery.PAGE_SIZE
    assert "has changed" in app.info[0].value


def test_pages_do_not_repeat_images():
    table = pd.DataFrame({"image_id": list("abcde"), "row": range(5)})

    pages = [gallery.page_of(table, page, size=2) for page in (1, 2, 3)]

    assert [page["image_id"].tolist() for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
