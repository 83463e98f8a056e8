"""`udviz.show`: the app below a notebook's cell, and gone with its kernel."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

import udviz
from tests.pages.synthetic import names_of, write_study
from udviz import showing

KERNEL = """
import sys
import udviz
shown = udviz.show({study!r})
assert "torch" not in sys.modules
print(shown.url, flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("runs") / "my study", names=names_of(3))


@pytest.fixture
def jupyter(tmp_path, monkeypatch):
    """A kernel's parent: a Jupyter server on port 8888."""
    core = type(sys)("jupyter_core.paths")
    core.jupyter_runtime_dir = lambda: str(tmp_path)
    monkeypatch.setitem(sys.modules, "jupyter_core", type(sys)("jupyter_core"))
    monkeypatch.setitem(sys.modules, "jupyter_core.paths", core)
    monkeypatch.setenv("JPY_PARENT_PID", "4711")
    file = tmp_path / "jpserver-4711.json"
    file.write_text(json.dumps({"url": "http://localhost:8888/", "token": "secret"}))
    return file


def frames(markup):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, dict(attrs)))
    parser.feed(markup)
    return [attributes for tag, attributes in found if tag == "iframe"]


def is_gone(url):
    """Whether nobody listens there, or soon does no more: sockets close one after the other."""
    address, ends = urlsplit(url), time.monotonic() + 30
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex((address.hostname, address.port)) != 0:
                return True
    return False


def test_a_frame_shows_the_study_and_its_server_is_gone_after_closing(study, jupyter):
    shown = udviz.show(study, height=500)

    try:
        [frame] = frames(shown._repr_html_())
        assert frame["src"] == shown.url
        assert frame["height"] == "500"
        assert shown.url.endswith("/?study=my%20study")
        assert repr(shown) == f"udviz at {shown.url}"
        with urllib.request.urlopen(shown.url, timeout=30) as answer:
            allowed = answer.headers["content-security-policy"]
        assert allowed == "frame-ancestors 'self' http://localhost:8888 http://127.0.0.1:8888"
    finally:
        shown.close()
    assert shown.process.returncode == 0
    assert is_gone(shown.url)


def ends(connection):
    """Whether the other side goes away, one way or the other, without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_the_server_is_gone_with_a_kernel_that_is_killed(study):
    with subprocess.Popen(
        [sys.executable, "-c", KERNEL.format(study=str(study))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as kernel:
        url = kernel.stdout.readline().strip()
        address = urlsplit(url).hostname, urlsplit(url).port
        with socket.create_connection(address, timeout=30) as connection:
            kernel.kill()

            assert ends(connection)

    assert is_gone(url)


@pytest.mark.parametrize("content", [None, "not json", "[]", '{"url": "http://x:y"}'])
def test_without_a_known_notebook_there_is_a_link_alone(jupyter, content):
    if content is None:
        jupyter.unlink()
    else:
        jupyter.write_text(content)

    assert showing._notebook_origins() == []


def test_a_link_is_drawn_where_no_page_may_have_a_frame():
    shown = showing.Shown(url="http://localhost:1/?a&b", height=1, is_framed=False, process=None)

    assert frames(shown._repr_html_()) == []
    assert 'href="http://localhost:1/?a&amp;b"' in shown._repr_html_()


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must be the folder of a study.*udviz\.compare"):
        udviz.show(tmp_path)


def test_a_server_that_does_not_start_says_why(study, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(showing, "_free_port", lambda: taken.getsockname()[1])

        with pytest.raises(RuntimeError, match=r"did not start: .*(is not available|in use)"):
            udviz.show(study)
