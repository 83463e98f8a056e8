import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

from tests.pages.caches import write_caches, write_calibration
from tests.pages.synthetic import HOSTILE_NAMES, names_of, write_study

ROOT = Path(__file__).parents[2]
REBOUND = "rebound.test"  # to the browser, a name of this machine
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Opened at a page's own address, Streamlit first looks for its server below that address.
SCREEN = {"viewport": {"width": 1440, "height": 900}}
PATIENCE_MS = 60_000  # for a busy machine; a test that passes waits for nothing
BROKEN_OFF = "net::ERR_ABORTED"
PROBES = ("/_stcore/health", "/_stcore/host-config")
# The script has ended, no place holder is left, every image is loaded (else going on breaks its
# request off), every chart has its marks (the code that draws them loads late), and for a while
# nothing has changed: what a script wrote last is drawn a moment after the script has ended.
STANDS_STILL = """quiet_ms => {
    if (!window.changed) {
        const note = () => { window.changed = performance.now() };
        new MutationObserver(note).observe(
            document, {subtree: true, childList: true, characterData: true, attributes: true});
        note();
    }
    const still = document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
        && !document.querySelector('[data-testid=stSkeleton]')
        && [...document.images].every(image => image.complete)
        && [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(
            chart => chart.querySelector('.point, .points path, .js-line'));
    return still && performance.now() - window.changed > quiet_ms;
}"""
QUIET_MS = 250


@dataclass
class Visit:
    """One browser tab with what went wrong in it."""

    page: Page
    address: str
    problems: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> None:
        self.page.goto(self.address + path)
        self.settle()

    def settle(self) -> None:
        """Wait until the app stands still and its charts are drawn."""
        self.page.locator("[data-testid=stHeading]").first.wait_for()
        self.page.wait_for_function(STANDS_STILL, arg=QUIET_MS)

    def check(self) -> None:
        """Fail on a console error, a failed request, an exception box or an empty chart."""
        assert self.page.locator("[data-testid=stException]").count() == 0
        for chart in self.page.locator("[data-testid=stPlotlyChart]").all():
            assert chart.locator(".point, .points path, .js-line").count() > 0, "an empty chart"
        assert self.problems == []


def executable() -> str:
    found = os.environ.get("UDVIZ_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.fail(
            "No Chromium found. Install one (Debian: `apt-get install chromium`), or set "
            "UDVIZ_CHROMIUM to its path.",
            pytrace=False,
        )
    return found


def start_chromium(playwright: Playwright) -> Browser:
    """A headless browser."""
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += [f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"]
    flags += ["--disable-features=LocalNetworkAccessChecks"]  # older browsers have no such thing
    return playwright.chromium.launch(executable_path=executable(), args=flags)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = start_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running app with three studies."""
    root = tmp_path_factory.mktemp("runs")
    write_study(root / "odd", names=list(HOSTILE_NAMES), n_seeds=3)
    write_study(root / "many", names=names_of(2000))
    demo = write_study(root / "demo", names=names_of(20))
    write_caches(demo)
    write_calibration(demo)
    yield from serve(root)


@pytest.fixture(scope="session")
def empty_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without a study."""
    return tmp_path_factory.mktemp("empty") / "runs"


@pytest.fixture(scope="session")
def empty_address(empty_runs: Path) -> Iterator[str]:
    """Address of a running app that has no study yet."""
    empty_runs.mkdir()
    yield from serve(empty_runs)


@pytest.fixture(scope="session")
def person(browser: Browser) -> Iterator[BrowserContext]:
    """One person's browser: it keeps what it loaded, so that most tabs open quickly."""
    context = browser.new_context(**SCREEN)
    yield context
    context.close()


@pytest.fixture
def visit(person: BrowserContext, address: str) -> Iterator[Visit]:
    yield from open_tab(person, address)


@pytest.fixture
def first_visit(person: BrowserContext, empty_address: str) -> Iterator[Visit]:
    yield from open_tab(person, empty_address)


@pytest.fixture
def second_visit(browser: Browser, address: str) -> Iterator[Visit]:
    """A second person, with cookies and storage of their own."""
    context = browser.new_context(**SCREEN)
    yield from open_tab(context, address)
    context.close()


def open_tab(context: BrowserContext, address: str) -> Iterator[Visit]:
    visit = Visit(context.new_page(), address)
    visit.page.on("pageerror", lambda error: visit.problems.append(str(error)))
    visit.page.on("requestfailed", lambda request: note_failure(visit, request))
    visit.page.on("console", lambda message: note(visit, message.type, message))
    visit.page.set_default_timeout(PATIENCE_MS)
    yield visit
    visit.page.close()


def note_failure(visit: Visit, request: Request) -> None:
    """Note a request that failed, unless the page was left while it was under way."""
    if request.failure != BROKEN_OFF:
        visit.problems.append(f"failed: {request.url} {request.failure}")


def note(visit: Visit, kind: str, message) -> None:
    url = message.location.get("url", "")
    if kind == "error" and not url.endswith(PROBES):
        visit.problems.append(f"{message.text} {url}")


def serve(root: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.port", str(port), "--server.headless", "true"]
    log = root.with_name(f"{root.name}.log")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *options],
            cwd=ROOT,
            env={**os.environ, "UDVIZ_RUNS": str(root)},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            address = f"http://localhost:{port}/"
            wait_for(address + "_stcore/health", server, log)
            yield address
        finally:
            server.kill()  # it holds nothing that a gentle end would save


def wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"The app did not start:\n{log.read_text()[-2000:]}", pytrace=False)
