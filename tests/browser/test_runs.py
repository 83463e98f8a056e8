"""A person starts a study in the sidebar, and nothing that happens to the app touches it."""

from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_tab, serve
from udviz.launching.stop import stop_study
from udviz.studies.status import ALIVE, Status, read_status, write_status

pytestmark = pytest.mark.browser

TRAINING_MS = 300_000  # for a busy machine
SMALL = {"Training images": 64, "Validation images": 32, "Test images": 32}


@contextmanager
def app(root, person):
    """A tab of an app of its own, which is killed with -9 in the end."""
    server = serve(root)
    tab = open_tab(person, next(server))
    yield next(tab)
    tab.close()
    server.close()


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "runs"
    root.mkdir()
    yield root
    stop_study(root / "mine", patience=0.0)


def fill_in(page):
    page.get_by_role("button", name="New study").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Study name", exact=True).fill("mine")
    for name in ("Epochs of the teacher", "Epochs of the students"):
        form.get_by_label(name, exact=True).fill("1")
    form.get_by_text("Data", exact=True).click()
    for name, number in SMALL.items():
        form.get_by_label(name, exact=True).fill(str(number))
        form.get_by_label(name, exact=True).press("Enter")
    return form


def test_a_study_started_in_the_sidebar_outlives_reload_and_kill_and_opens_in_the_end(person, root):
    with app(root, person) as visit:
        visit.open()
        form = fill_in(visit.page)
        expect(form.get_by_text("--data.n_test 32")).to_be_visible()
        form.get_by_role("button", name="Start", exact=True).click()
        expect(form).to_have_count(0)
        visit.page.wait_for_url("**/Runs?opened=mine**")
        sidebar = visit.page.get_by_test_id("stSidebar")
        expect(sidebar.get_by_text("mine")).to_be_visible()
        expect(visit.page.get_by_role("button", name="Download this table")).to_be_visible()
        expect(visit.page.get_by_test_id("stDataFrame").first).to_be_visible()
        visit.open()  # a reload, which breaks off what is still loading
        expect(sidebar.get_by_text("mine")).to_be_visible()
        begun = read_status(root / "mine")
        visit.check()

    assert begun.state in ALIVE
    assert read_status(root / "mine").pid == begun.pid

    with app(root, person) as visit:
        visit.open("Runs")
        state = visit.page.get_by_role("heading", name="mine")
        expect(state).to_contain_text("running")
        expect(state).to_contain_text("finished", timeout=TRAINING_MS)
        visit.page.get_by_role("link", name="Results").click()
        expect(
            visit.page.get_by_role("heading", name="How certain are these results?")
        ).to_be_visible()
        visit.settle()
        visit.check()

    status = read_status(root / "mine")
    assert (status.state, status.pid) == ("finished", begun.pid)


def test_a_click_on_a_row_opens_its_study_while_another_one_runs(person, root):
    for name in ("first", "second"):
        (root / name).mkdir()
        write_status(root / name, Status(state="running", stage=f"of {name}", fraction=0.25))

    with app(root, person) as visit:
        visit.open("Runs?opened=first")
        expect(visit.page.get_by_role("heading", name="first")).to_be_visible()
        table = visit.page.get_by_test_id("stDataFrame").bounding_box()
        visit.page.mouse.click(table["x"] + 15, table["y"] + 35 * 1.5)  # the latest comes first

        expect(visit.page.get_by_role("heading", name="second")).to_be_visible()
        visit.page.wait_for_url("**opened=second**")
        write_status(root / "second", Status(state="running", stage="Analysis", fraction=0.75))
        expect(visit.page.get_by_text("75% done")).to_be_visible()
        assert visit.page.get_by_text("no-op").count() == 0
