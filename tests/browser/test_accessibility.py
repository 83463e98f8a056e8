"""What keeps people out of a page: axe-core's rules, and a telephone's width."""

from importlib.resources import files

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
PHONE = {"width": 390, "height": 844}
PAGES = [
    *("?study=demo", "Difficulty?study=demo&label=label+0001", "Reliability?study=demo"),
    *("Gains?study=demo&label=label+0001", "Label?study=demo&label=label+0001"),
    *("Attention?study=demo", "Data?study=demo", "Data?study=demo&part=annotation+errors"),
    *("Runs?study=demo", "Thresholds?study=demo"),
]


def findings(visit):
    """Rules that the page breaks, with what breaks them."""
    visit.page.evaluate(AXE)
    found = visit.page.evaluate("axe.run()")["violations"]
    return [f"{rule['id']} ({rule['impact']}): {rule['nodes'][0]['html'][:200]}" for rule in found]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_breaks_no_rule_of_axe_and_fits_a_telephone(visit, path):
    visit.open(path)

    assert findings(visit) == []

    visit.page.set_viewport_size(PHONE)
    visit.settle()
    visit.page.wait_for_function(  # charts follow a new width a little later
        "document.querySelector('[data-testid=stMain]').scrollWidth <= window.innerWidth"
    )


def test_a_dark_page_and_the_menu_of_a_chart_s_camera_break_no_rule_of_axe(visit):
    visit.page.emulate_media(color_scheme="dark")
    visit.open("Label?study=demo&label=label+0001")
    visit.page.locator(".js-plotly-plot").first.hover()
    camera = visit.page.locator(".modebar-btn").first
    camera.click()
    expect(visit.page.get_by_role("menuitem")).to_have_count(4)

    assert findings(visit) == []

    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_role("menuitem")).to_have_count(0)
    expect(camera).to_be_focused()
