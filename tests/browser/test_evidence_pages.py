"""What a person does on the pages Reliability and Gains."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.test_walk import query

pytestmark = pytest.mark.browser


def bars(visit, chart):
    return visit.page.locator(f".st-key-{chart} .barlayer .trace")


def click_middle(visit, bar):
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    visit.page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)


def test_a_click_in_the_reliability_grid_opens_its_label(visit):
    visit.open("Reliability?study=demo")
    expect(visit.page.get_by_role("heading", name="All labels, pooled")).to_be_visible()
    assert "label" not in query(visit.page)

    click_middle(visit, bars(visit, "worst").first.locator(".point").first)

    expect(visit.page.get_by_role("heading", name="All labels, pooled")).to_have_count(0)
    visit.settle()
    label = query(visit.page)["label"]
    expect(visit.page.get_by_role("heading", name=label)).to_be_in_viewport()
    visit.check()


def test_a_link_after_recalibration_opens_the_same_view_for_another_person(visit, second_visit):
    visit.open("Reliability?study=demo")
    visit.page.get_by_role("radio", name="temperature").click()
    expect(visit.page.get_by_text("fitted on the validation split")).to_be_visible()
    visit.settle()

    second_visit.open(
        urlsplit(visit.page.url).path.lstrip("/") + f"?{urlsplit(visit.page.url).query}"
    )

    expect(second_visit.page.get_by_text("fitted on the validation split")).to_be_visible()
    visit.check()
    second_visit.check()


def test_a_verdict_filters_the_gains_and_a_row_opens_its_label(visit):
    visit.open("Gains?study=demo")
    all_rows = bars(visit, "forest").first.locator(".point").count()
    assert all_rows == 20

    visit.page.get_by_role("button", name="inconclusive").click()
    expect(bars(visit, "forest").first.locator(".point")).not_to_have_count(all_rows)
    visit.settle()
    assert query(visit.page)["verdict"] == "inconclusive"

    click_middle(visit, bars(visit, "forest").first.locator(".point").first)
    expect(visit.page.locator(".st-key-opened-label h2")).to_be_visible()
    visit.settle()
    assert "label" in query(visit.page)
    visit.check()
