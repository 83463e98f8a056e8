import re
import shutil
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.pages.synthetic import names_of, write_study
from udviz.studies.status import Status, write_status

pytestmark = pytest.mark.browser


def query(page):
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def row_bar(visit, row):
    """The bar of one row in the first panel of the ranking; a click on it opens the label."""
    return visit.page.locator(".st-key-ranking .barlayer .trace").first.locator(".point").nth(row)


def click_row(visit, row):
    box = row_bar(visit, row).bounding_box()
    visit.page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)


def opened(visit):
    return visit.page.locator(".st-key-opened-label h2")


def test_the_overview_draws(visit):
    visit.open("?study=demo")

    expect(visit.page.locator("[data-testid=stPlotlyChart]")).to_have_count(4)
    expect(visit.page.get_by_role("heading", name="How certain are these results?")).to_be_visible()
    visit.check()


def test_a_chart_is_saved_light_and_as_wide_as_in_print_under_the_dark_theme(visit):
    visit.page.emulate_media(color_scheme="dark")
    visit.open("?study=demo")
    chart = visit.page.locator(".st-key-models")
    drawn = "() => document.querySelector('.st-key-models .js-plotly-plot').layout.paper_bgcolor"
    before = visit.page.evaluate(drawn)
    chart.hover()

    chart.locator(".modebar-btn").click()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("menuitem", name="SVG, column, 85 mm").click()

    picture = download.value.path().read_text()
    assert download.value.suggested_filename == "udviz-models-85mm.svg"
    width, height, box = re.search(
        r'width="([\d.]+)" height="([\d.]+)".*?viewBox="(.*?)"', picture
    ).groups()
    assert float(width) * 25.4 / 96 == pytest.approx(85)  # CSS pixels in mm
    assert float(width) / float(height) == pytest.approx(
        float(box.split()[2]) / float(box.split()[3])
    )
    assert "fill: rgb(255, 255, 255)" in picture.partition("<text")[0]
    colours = set(re.findall(r"<text[^>]*fill: (rgb\([^)]*\))", picture))
    assert colours == {"rgb(27, 36, 48)"}
    chart.locator(".modebar-btn").click()
    with visit.page.expect_download() as download:
        for key in ("ArrowUp", "Enter"):  # from the first entry to the last
            visit.page.keyboard.press(key)
    assert download.value.suggested_filename == "udviz-models-180mm.png"
    with Image.open(download.value.path()) as saved:
        assert saved.width == pytest.approx(180 / 25.4 * 300, abs=1)  # 300 dots per inch
        assert saved.getpixel((0, 0))[:3] == (255, 255, 255)
    assert visit.page.evaluate(drawn) == before  # the chart on the page stays as it was
    visit.page.emulate_media(color_scheme="light")
    visit.check()


def test_every_chart_has_room_for_its_letters_and_is_drawn_once(visit):
    """Plotly counts how often it drew a chart again because its margins were too small."""
    again = "chart => chart._fullLayout._redrawFromAutoMarginCount ?? null"
    outside = """chart => [...chart.querySelectorAll(".yaxislayer-above text, .g-ytitle text")]
        .filter(text => text.getBoundingClientRect().left < chart.getBoundingClientRect().left)
        .map(text => text.textContent)"""
    for path in ("?study=demo", "Difficulty?study=demo", "Gains?study=demo"):
        visit.open(path)
        charts = visit.page.locator(".js-plotly-plot").all()

        assert charts
        assert [chart.evaluate(again) for chart in charts] == [None] * len(charts)
        assert [chart.evaluate(outside) for chart in charts] == [[]] * len(charts)
        widths = [
            chart.evaluate("chart => chart.getBoundingClientRect().width") for chart in charts
        ]
        assert widths == list(map(round, widths))


def test_every_chart_has_a_name_for_a_screen_reader(visit):
    visit.open("?study=demo")

    assert visit.page.get_by_label("Mean average precision of each model").count() == 1
    assert visit.page.get_by_label("Gain in average precision of 20 labels").count() == 1


def test_a_filter_leaves_fewer_rows_and_goes_into_the_url(visit):
    visit.open("Difficulty?study=demo")
    assert (
        visit.page.locator(".st-key-ranking .barlayer .trace").first.locator(".point").count() == 20
    )

    visit.page.get_by_label("Name contains").fill("001")
    visit.page.get_by_label("Name contains").press("Enter")

    expect(visit.page.get_by_text("11 of 20 labels")).to_be_visible()
    visit.settle()
    assert query(visit.page)["name"] == "001"
    visit.check()


def test_a_click_on_a_row_opens_its_label_in_sight(visit):
    visit.open("Difficulty?study=demo")

    click_row(visit, 4)

    expect(opened(visit)).to_be_visible()
    visit.settle()
    expect(opened(visit)).to_be_in_viewport()
    assert query(visit.page)["label"] == opened(visit).inner_text().strip("\u2068\u2069")
    visit.check()


def test_a_copied_link_opens_the_same_view_in_a_fresh_session(visit, second_visit):
    visit.open("Difficulty?study=demo")
    visit.page.get_by_role("button", name="rare", exact=True).click()
    expect(visit.page.get_by_text("20 of 20 labels")).to_have_count(0)
    visit.settle()
    click_row(visit, 1)
    expect(opened(visit)).to_be_visible()
    visit.settle()
    count = visit.page.get_by_text("of 20 labels").inner_text()

    second_visit.page.goto(visit.page.url)
    second_visit.settle()

    assert opened(second_visit).inner_text() == opened(visit).inner_text()
    expect(second_visit.page.get_by_text(count, exact=True)).to_be_visible()
    assert query(second_visit.page) == query(visit.page)
    second_visit.check()


def test_a_click_on_the_overview_opens_the_label_on_the_difficulty_page(visit):
    visit.open("?study=demo")
    bar = visit.page.locator(".st-key-hardest .barlayer .trace").first.locator(".point").nth(2)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()

    visit.page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)

    visit.page.wait_for_url("**/Difficulty?**")
    expect(opened(visit)).to_be_visible()
    assert query(visit.page)["study"] == "demo"
    visit.check()


def test_the_menu_keeps_study_and_split(visit):
    visit.open("?study=odd&split=val")

    visit.page.get_by_role("link", name="Difficulty").click()

    visit.page.wait_for_url("**/Difficulty?**study=odd**")
    visit.settle()
    assert query(visit.page) == {"study": "odd", "split": "val"}
    visit.check()


def test_a_click_on_a_row_of_the_table_opens_its_label(visit):
    visit.open("Difficulty?study=demo")
    table = visit.page.locator("[data-testid=stDataFrame]")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()

    visit.page.mouse.click(box["x"] + 15, box["y"] + 35 * 2.5)

    expect(opened(visit)).to_be_visible()
    visit.settle()
    expect(visit.page.get_by_text("Difficulty rank 2")).to_be_visible()
    visit.check()


def test_the_table_downloads_as_csv(visit):
    visit.open("Difficulty?study=demo")

    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="Download these labels").click()

    lines = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename == "demo-test-labels.csv"
    assert len(lines) == 21
    assert "difficulty_rank" in lines[0]


def test_two_thousand_labels_are_paged(visit):
    visit.open("Difficulty?study=many")
    expect(visit.page.get_by_text("2,000 of 2,000 labels")).to_be_visible()
    first = row_bar(visit, 0).locator("xpath=ancestor::*[@data-testid='stPlotlyChart']")
    before = first.locator(".ytick text").first.text_content()

    visit.page.locator(".st-key-page button").filter(has_text="2").first.click()

    expect(first.locator(".ytick text").first).not_to_have_text(before)
    visit.settle()
    assert query(visit.page)["page"] == "2"
    visit.check()


def test_hostile_names_run_no_script_and_read_as_they_are(visit):
    dialogs = []
    visit.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

    visit.open(
        "Difficulty?study=odd&label=%3Cb%3Ebold%3C%2Fb%3E+%26+%3Cscript%3Ealert%281%29%3C%2Fscript%3E"
    )

    expect(opened(visit)).to_contain_text("<b>bold</b> & <script>alert(1)</script>")
    assert dialogs == []
    visit.check()


def test_a_first_visit_offers_the_demo_follows_its_training_and_opens_it(first_visit, empty_runs):
    page = first_visit.page
    first_visit.open()
    for way in ("Train the demo study", "Choose files", "Set up a study"):
        expect(page.get_by_role("button", name=way)).to_be_visible()

    (empty_runs / "demo").mkdir()
    write_status(empty_runs / "demo", running(0.25))
    first_visit.open()
    expect(page.get_by_text("25% done")).to_be_visible()

    write_status(empty_runs / "demo", running(0.75))
    expect(page.get_by_text("75% done")).to_be_visible()

    draft = write_study(empty_runs.parent / "draft", names=names_of(20))
    shutil.copytree(draft, empty_runs / "demo", dirs_exist_ok=True)
    write_status(empty_runs / "demo", replace(running(1.0), state="finished"))
    expect(page.get_by_role("heading", name="How certain are these results?")).to_be_visible()
    first_visit.settle()
    set_up_a_study(first_visit, empty_runs.parent / "photos")
    compare_files(first_visit, empty_runs.parent)
    first_visit.check()


def set_up_a_study(visit, folder):
    """Type where the images are, and see what was understood beside the form."""
    (folder / "images").mkdir(parents=True)
    rows, splits = ["image,cat,dog"], ["image,split"]
    for place in range(24):
        Image.new("RGB", (16, 16), (place, 0, 0)).save(folder / "images" / f"{place}.png")
        rows.append(f"{place}.png,{place % 2},{place // 2 % 2}")
        splits.append(f"{place}.png,{('train', 'val', 'test')[place % 3]}")
    (folder / "labels.csv").write_text("\n".join(rows))
    (folder / "splits.csv").write_text("\n".join(splits))
    visit.page.get_by_role("button", name="New study").click()
    form = visit.page.get_by_role("dialog")
    form.get_by_role("textbox", name="Folder of your images").fill(str(folder))
    form.get_by_role("textbox", name="Folder of your images").press("Tab")
    expect(form.get_by_text("24 images, 2 labels")).to_be_visible()
    expect(form.get_by_text("splits of splits.csv")).to_be_visible()
    expect(form.get_by_text("4 networks to train")).to_be_visible()
    expect(form.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    visit.page.keyboard.press("Escape")
    expect(form).to_have_count(0)


def compare_files(visit, folder):
    """Type the paths of two models' scores, and see their study open."""
    targets = np.tile([[1, 0], [0, 1], [0, 0], [0, 0]], (40, 1))
    typed = {"Targets": targets, "Before: scores": targets * 1.0 - 3, "After: scores": targets * 2}
    visit.page.get_by_role("button", name="Compare predictions").click()
    for place, (field, values) in enumerate(typed.items()):
        np.save(folder / f"file-{place}.npy", values)
        visit.page.get_by_label(field, exact=True).fill(str(folder / f"file-{place}.npy"))
        visit.page.get_by_label(field, exact=True).press("Tab")
    visit.page.get_by_role("button", name="Compare", exact=True).click()
    visit.page.wait_for_url("**study=file-1-file-2**")
    expect(visit.page.get_by_role("heading", name="How certain are these results?")).to_be_visible()
    visit.settle()


def running(fraction):
    return Status(state="running", stage="Teacher", fraction=fraction, seconds_left=60.0)
