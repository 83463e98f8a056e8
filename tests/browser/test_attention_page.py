"""What a person does on the page Attention, with a trained study."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_tab, serve
from tests.browser.test_walk import query

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def trained_address(trained):
    """Address of a running app with the trained study."""
    yield from serve(trained.parent)


@pytest.fixture
def visit(person, trained_address):
    yield from open_tab(person, trained_address)


def picture(visit, name):
    return visit.page.get_by_alt_text(name).first


def test_from_a_gallery_to_an_attribution_beside_its_control(visit):
    visit.open("Attention?study=small&label=yellow+star")
    tile = visit.page.locator(".st-key-images-images").get_by_role("link").nth(3)
    name = tile.inner_text().split()[-1].strip("\u2068\u2069")

    tile.click()
    expect(picture(visit, f"Image {name}")).to_be_visible()
    visit.settle()
    assert query(visit.page)["image"] == name
    assert query(visit.page)["label"] == "yellow star"

    before = picture(visit, "◆ teacher: highest").get_attribute("src")
    visit.page.get_by_role("slider").press("ArrowLeft")
    expect(picture(visit, "◆ teacher: highest")).not_to_have_attribute("src", before)
    visit.settle()
    assert query(visit.page)["opacity"] == "0.55"

    visit.page.get_by_role("radio", name="Grad-CAM").click()
    visit.settle()
    visit.page.get_by_role("button", name="Compute evidence").click()
    expect(picture(visit, "● distilled, random weights")).to_be_visible()
    expect(visit.page.get_by_text("Correlation with random weights")).to_be_visible()
    visit.check()


def test_a_copied_link_opens_the_same_image_method_and_opacity(visit):
    visit.open("Attention?study=small&label=pink+heart&opacity=0.3&method=occlusion")
    visit.page.get_by_role("button", name="Next image").click()
    expect(visit.page.get_by_text("2 of")).to_be_visible()
    visit.settle()
    shown = picture(visit, "Image ").get_attribute("alt")
    address = visit.page.url

    visit.page.goto("about:blank")
    visit.page.goto(address)
    visit.settle()

    expect(picture(visit, shown)).to_be_visible()
    expect(visit.page.get_by_text("2 of")).to_be_visible()
    expect(visit.page.get_by_role("radio", name="occlusion")).to_be_checked()
    expect(visit.page.get_by_role("slider")).to_have_value("0.3")
    visit.check()
