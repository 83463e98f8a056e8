"""What a person does on the page Label, with a trained study."""

import shutil

import pytest
from playwright.sync_api import expect

from tests.analysis.fake import rows_of
from tests.browser.conftest import open_tab, serve
from tests.browser.test_walk import query, row_bar
from tests.pages.synthetic import change_tables

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def study(trained, tmp_path_factory):
    """A copy of the trained study in which `red disc` is wrongly seen beside `blue square`."""
    study = shutil.copytree(trained, tmp_path_factory.mktemp("label") / "small")
    pair = {"split": "test", "label": "red disc", "partner": "blue square"}
    pair |= {"false_positives": 30, "chances": 40, "rate": 0.75, "rate_without": 0.05}
    pair |= {"lift": 14.0, "lift_low": 5.0, "lift_high": 40.0, "share": 0.6}
    change_tables(study, confusions=rows_of("confusions", **pair))
    return study


@pytest.fixture(scope="module")
def trained_address(study):
    yield from serve(study.parent)


@pytest.fixture
def visit(person, trained_address):
    yield from open_tab(person, trained_address)


def click_row(visit, bar):
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    visit.page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)


def counted(visit):
    return visit.page.locator(".st-key-decided table")


def counts(visit):
    return counted(visit).inner_text()


def first_image(visit):
    return visit.page.locator(".st-key-shown-images img").first


def test_from_the_ranking_to_the_images_at_another_threshold_and_back_by_a_link(visit):
    page = visit.page
    visit.open("Difficulty?study=small")
    click_row(visit, row_bar(visit, 3))
    page.get_by_role("link", name="Everything about this label").click()
    page.wait_for_url("**/Label?**")
    expect(page.get_by_role("heading", name="Scores and decisions")).to_be_visible()
    visit.settle()
    label, before = query(page)["label"], counts(visit)
    expect(page.get_by_role("heading", name=label)).to_be_visible()
    assert "threshold" not in query(page)

    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    expect(page.get_by_text("Every model decides at 0.0000")).to_be_visible()
    expect(counted(visit)).not_to_have_text(before, use_inner_text=True)
    visit.settle()
    assert query(page)["threshold"] == "0.0000"

    image = first_image(visit).get_attribute("src")
    page.locator(".st-key-shown button").filter(has_text="2").first.click()
    expect(first_image(visit)).not_to_have_attribute("src", image)
    visit.settle()
    assert query(page)["shown"] == "2"
    second, at_zero, address = first_image(visit).get_attribute("alt"), counts(visit), page.url

    page.goto("about:blank")
    page.goto(address)
    visit.settle()
    assert first_image(visit).get_attribute("alt") == second
    assert counts(visit) == at_zero

    page.get_by_role("button", name="Reset to validation thresholds").click()
    expect(page.get_by_text("its own threshold, chosen on validation")).to_be_visible()
    expect(counted(visit)).to_have_text(before, use_inner_text=True)
    visit.settle()
    assert "threshold" not in query(page)
    visit.check()


IMAGES = "[...document.images].map(image => image.src).join()"


def test_every_question_has_its_images(visit):
    visit.open("Label?study=small&label=red+disc&threshold=0.900")

    for question in ("false negatives", "most uncertain", "helped the gain", "hurt the gain"):
        before = visit.page.evaluate(IMAGES)
        visit.page.get_by_role("radio", name=question).click()
        # until then the page may stand still because the click has not reached the app yet
        visit.page.wait_for_function(f"before => {IMAGES} !== before", arg=before)
        visit.settle()
        expect(first_image(visit)).to_be_visible()
        assert query(visit.page)["images"] == question
    visit.check()


def test_a_click_on_a_confused_label_opens_it_from_the_top(visit):
    visit.open("Label?study=small&label=red+disc&threshold=0.400")

    bars = visit.page.locator(".st-key-confusions-partner .barlayer .point")
    click_row(visit, bars.first)

    heading = visit.page.get_by_role("heading", name="blue square")
    expect(heading).to_be_in_viewport()
    visit.settle()
    assert query(visit.page)["label"] == "blue square"
    assert "threshold" not in query(visit.page)
    visit.check()


# How far, in px, what lies over a chart is from where the chart's own axes would draw it.
BESIDE = """box => {
    const chart = box.querySelector('.js-plotly-plot'), over = box.querySelector('.udviz-over');
    const {xaxis, yaxis} = chart._fullLayout, corner = chart.getBoundingClientRect();
    const {shapes, traces} = JSON.parse(over.dataset.saved);
    const wanted = [
        ...shapes.map(({x0, y0, y1}) => [x0, (y0 + y1) / 2]),
        ...traces.map(({x, y}) => [x[0], y[0]]),
    ];
    return [...over.children].map((mark, place) => {
        const at = mark.getBoundingClientRect(), [x, y] = wanted[place];
        return Math.hypot(
            (at.left + at.right) / 2 - corner.left - xaxis._offset - xaxis.l2p(x),
            (at.top + at.bottom) / 2 - corner.top - yaxis._offset - yaxis.l2p(y));
    });
}"""


def test_what_moves_lies_where_the_charts_own_axes_have_it_and_is_saved_with_them(visit):
    page = visit.page
    visit.open("Label?study=small&threshold=0.3000")

    for name in ("distributions", "precision-recall"):
        apart = page.locator(f".st-key-over-{name}").evaluate(BESIDE)
        assert len(apart) > 1
        assert max(apart) < 0.5

    chart = page.locator(".st-key-over-precision-recall")
    chart.hover()
    chart.locator(".modebar-btn").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="SVG, column, 85 mm").click()
    assert download.value.path().read_text().count('class="point"') == len(apart)
    visit.check()
