"""A page of somebody else, in the browser of the person who has the app open."""

import http.server
import threading
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, executable, open_tab

pytestmark = pytest.mark.browser

EVIL = "rebound.test"
# Asks the app for all that it has to give, and writes down what came.
ATTACK = """<!doctype html><title>A page</title><script>
const target = new URLSearchParams(location.search).get('target');
const socket = new Promise(tell => {
    const ws = new WebSocket('ws://' + target + '/_stcore/stream', ['streamlit']);
    ws.onopen = () => tell('open');
    ws.onerror = () => tell('refused');
});
const answer = fetch('http://' + target + '/_stcore/host-config').then(
    r => r.ok ? 'open' : 'refused', () => 'refused');
const picture = new Promise(tell => {
    const image = new Image();
    image.onload = () => tell('open');
    image.onerror = () => tell('refused');
    image.src = 'http://' + target + '/favicon.png';
});
const frame = new Promise(tell => addEventListener('DOMContentLoaded', () => {
    const held = document.createElement('iframe');
    held.onload = () => tell('loaded');
    held.src = 'http://' + target + '/';
    document.body.append(held);
}));
Promise.all([socket, answer, picture, frame]).then(
    found => document.title = found.slice(0, 3).join(' '));
</script><body></body>"""


@pytest.fixture(scope="module")
def mapped(playwright_of_session):
    """A browser whose owner visits a page that has bound its name to this machine."""
    browser = playwright_of_session.chromium.launch(
        executable_path=executable(),
        args=[
            *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            f"--host-resolver-rules=MAP {EVIL} 127.0.0.1",
        ],
    )
    yield browser
    browser.close()


@pytest.fixture
def tab(mapped):
    context = mapped.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def other_port():
    """A page of another program of this machine; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(ATTACK.encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def attacked(tab, page, target):
    """What the attack brought: websocket, answer, picture; and what the frame shows."""
    tab.goto(f"{page}/?target={target}")
    expect(tab).to_have_title(lambda_title(), timeout=30_000)
    frame = tab.frames[1]
    return tab.title().split(), frame.locator("[data-testid=stApp]").count()
