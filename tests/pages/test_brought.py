"""A study of predictions that were made elsewhere, in the app: no recipe, images or networks."""

import pytest

import udviz

PAGES = (
    *("pages/1_Difficulty.py", "pages/2_Reliability.py", "pages/3_Gains.py", "pages/4_Label.py"),
    *("pages/5_Attention.py", "pages/6_Data.py", "pages/7_Runs.py"),
)


@pytest.fixture
def brought(runs, rng):
    targets = (rng.random((300, 4)) < 0.3).astype(int)
    before, after = (
        targets * gap + rng.normal(size=targets.shape) for gap in (1.0, [3.0, 1.0, 1.0, 1.0])
    )
    names = ["cat", "dog", "cow", "hen"]
    udviz.compare(before, after, targets, label_names=names, out=runs / "mine")
    return runs / "mine"


@pytest.mark.parametrize("page", [None, *PAGES])
def test_every_page_opens(page, brought, open_app):
    app = open_app(page)

    assert not app.exception, app.exception
    assert app.title, "the page has no heading"
    if page in (None, *PAGES[:4]):
        assert not app.error, [error.value for error in app.error]


def test_a_page_that_wants_images_says_that_none_were_brought(brought, open_app):
    app = open_app("pages/4_Label.py")

    told = {info.value for info in app.info}
    assert any("were brought without images." in text for text in told), told


def test_gains_name_the_models_that_were_brought(brought, open_app):
    app = open_app("pages/3_Gains.py")

    told = " ".join(part.value for part in app.markdown)
    assert "before" in told
    assert "after" in told
