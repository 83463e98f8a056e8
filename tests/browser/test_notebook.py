"""docs/compare.ipynb, run by Jupyter's own client; the app below its last cell, in a browser."""

import json
import os
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ROOT, Visit, open_tab


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def notebook_page(tmp_path, monkeypatch) -> Iterator[str]:
    """Address of the Jupyter server that, to the kernel, this process is."""
    pages = tmp_path / "pages"
    pages.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=pages)) as server:
        Thread(target=server.serve_forever).start()
        address = f"http://localhost:{server.server_address[1]}/"
        (tmp_path / f"jpserver-{os.getpid()}.json").write_text(json.dumps({"url": address}))
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        yield address
        server.shutdown()


def test_the_notebook_of_the_docs_runs_and_shows_the_app_below_its_last_cell(
    tmp_path, notebook_page, browser: Browser
):
    book = nbformat.read(ROOT / "docs" / "compare.ipynb", as_version=4)
    client = NotebookClient(book, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    *_, tables, _, last = book.cells

    with client.setup_kernel():
        for place, cell in enumerate(book.cells):
            client.execute_cell(cell, place)
        markup = last.outputs[0]["data"]["text/html"]
        page = f'<link rel="icon" href="data:,">{markup}'
        (tmp_path / "pages" / "index.html").write_text(page, encoding="utf-8")
        context = browser.new_context()
        for visit in open_tab(context, notebook_page):
            assert_shows_the_study(visit)
        context.close()

    verdict, gains = tables.outputs
    assert "helped 1, hurt 0" in verdict["text"]
    assert "cat" in gains["data"]["text/plain"]


def assert_shows_the_study(visit: Visit) -> None:
    visit.page.goto(visit.address)
    app = visit.page.frame_locator("iframe")
    expect(app.get_by_role("heading", name="Overview")).to_be_visible()
    expect(app.get_by_text("from-a-notebook").first).to_be_visible()
    expect(app.get_by_text("the change raises the mean").first).to_be_visible()
    expect(app.locator(".point, .points path").first).to_be_visible()  # a chart is drawn
    assert visit.problems == []
