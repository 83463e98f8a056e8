"""What a person does on the Data page, and with any two runs on the Gains page."""

import csv
import io
import re
import shutil

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_tab, serve
from tests.browser.test_walk import query
from udviz.ui.data.one_by_one import LEAST_LOOK

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def trained_address(trained, tmp_path_factory):
    """Address of an app with a trained study that may be reviewed."""
    root = tmp_path_factory.mktemp("runs")
    shutil.copytree(trained.parent / ".decoded", root / ".decoded")
    shutil.copytree(trained, root / "small")
    yield from serve(root)


@pytest.fixture
def visit(person, trained_address):
    yield from open_tab(person, trained_address)


@pytest.fixture
def second_visit(browser, trained_address):
    context = browser.new_context()
    yield from open_tab(context, trained_address)
    context.close()


def download(visit, button):
    with visit.page.expect_download() as found:
        visit.page.get_by_role("button", name=button).click()
    return list(csv.DictReader(io.StringIO(found.value.path().read_text())))


def first_tile(visit):
    return visit.page.locator(".st-key-suspects-images [class*='st-key-review-']").first


def test_a_review_is_there_after_a_reload_and_in_the_export_and_can_be_undone(visit):
    visit.open("Data?study=small")
    visit.page.get_by_role("radio", name="annotation errors").click()
    expect(visit.page.get_by_text(re.compile(r"^0 of \d+ reviewed"))).to_be_visible()
    image = visit.page.locator(".st-key-suspects-images a").first.inner_text().split()[-1]

    first_tile(visit).get_by_role("radio", name="change label").click()

    expect(visit.page.get_by_text(re.compile(r"^1 of \d+ reviewed"))).to_be_visible()
    visit.settle()  # else the images that are on their way are missed
    visit.page.reload()
    visit.settle()
    expect(first_tile(visit).get_by_role("radio", name="change label")).to_be_checked()
    (row,) = download(visit, "Download all reviews")
    assert row["verdict"] == "wrong"
    assert image.strip("\u2068\u2069") == row["image_id"]
    visit.check()

    first_tile(visit).get_by_role("radio", name="keep label").click()
    told = re.compile(r"Confirmed errors, share .* 0\.00 ")  # by the server, after the click
    expect(visit.page.get_by_role("figure", name=told)).to_have_count(1)
    visit.settle()
    assert [row["verdict"] for row in download(visit, "Download all reviews")] == ["right"]
    visit.page.get_by_role("button", name="Undo the last review").click()
    expect(first_tile(visit).get_by_role("radio", name="change label")).to_be_checked()
    visit.check()


def test_keys_review_one_image_at_a_time_and_type_in_a_field(visit):
    page = visit.page
    visit.open("Data?study=small&part=annotation+errors&view=one+image+at+a+time&reviewer=Ada")
    picture = page.locator(".st-key-reviewed-image img")
    name = page.get_by_role("textbox", name="Reviewer")

    def press(key, n_reviewed):
        visit.settle()
        page.wait_for_timeout(1000 * LEAST_LOOK)  # nobody has seen a new image sooner
        page.keyboard.press(key)
        expect(page.get_by_text(re.compile(rf"^{n_reviewed} of \d+ reviewed"))).to_be_visible()

    name.press("End")
    name.press_sequentially("xkunz")
    name.press("Enter")
    expect(page).to_have_url(re.compile("reviewer=Adaxkunz"))
    first = picture.get_attribute("alt")
    picture.click()
    for n_reviewed, key in enumerate("xku", start=1):
        press(key, n_reviewed)
    fourth = picture.get_attribute("alt")
    press("n", 3)
    expect(picture).not_to_have_attribute("alt", fourth)
    for n_reviewed in (2, 1, 0):
        press("z", n_reviewed)
    expect(picture).to_have_attribute("alt", first)
    press("e", 0)
    expect(page.get_by_text("predicted probability").first).to_be_visible()
    visit.check()


def test_a_click_on_a_cell_opens_the_label_of_its_row(visit):
    visit.open("Data?study=small&part=co-occurrence")
    cell = visit.page.locator(".st-key-co-occurrence .scatterlayer .point").nth(3 * 20 + 7)
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()

    visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(visit.page.get_by_text("around the opened label")).to_be_visible()
    visit.settle()
    row = visit.page.locator(".st-key-co-occurrence .yaxislayer-above text").nth(3).text_content()
    assert query(visit.page)["label"] == row.strip("\u2068\u2069")
    visit.check()


def test_two_chosen_runs_and_their_images_open_from_a_copied_link(visit, second_visit):
    visit.open("Gains?study=small&label=red+disc")
    for picker, run in {"Before": "teacher", "After": "distilled"}.items():
        visit.page.get_by_role("combobox", name=picker).click()
        visit.page.get_by_role("option", name=run, exact=True).click()
        visit.settle()
    expect(visit.page.get_by_text("Computed here from the predictions")).to_be_visible()
    visit.page.get_by_role("radio", name="hurt").click()
    expect(visit.page.get_by_text("images hurt, together")).to_be_visible()
    visit.settle()
    summary = visit.page.get_by_text("the mean average precision: ").first.inner_text()
    hurt = visit.page.get_by_text("images hurt, together").inner_text()

    second_visit.page.goto(visit.page.url)
    second_visit.settle()

    expect(second_visit.page.get_by_text(summary, exact=True)).to_be_visible()
    expect(second_visit.page.get_by_text(hurt, exact=True)).to_be_visible()
    expect(second_visit.page.locator(".st-key-forest")).to_contain_text("distilled")
    visit.check()
    second_visit.check()
