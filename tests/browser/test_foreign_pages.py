"""A page of somebody else, in the browser of the person who has the app open."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import REBOUND, open_tab

pytestmark = pytest.mark.browser

# Asks the app for all that it has to give; the title is what came of it.
ATTACK = """<!doctype html><title>A page</title><body><script>
const target = new URLSearchParams(location.search).get('target');
const asked = (name, begin) => new Promise(tell => begin(
    () => tell(name + ' got in'), () => tell(name + ' got nothing')));
Promise.all([
    asked('socket', (yes, no) => {
        const socket = new WebSocket('ws://' + target + '/_stcore/stream', ['streamlit']);
        Object.assign(socket, {onopen: yes, onerror: no});
    }),
    asked('fetch', (yes, no) => fetch('http://' + target + '/_stcore/host-config').then(
        answer => answer.ok ? yes() : no(), no)),
    asked('image', (yes, no) => Object.assign(
        new Image(), {onload: yes, onerror: no, src: 'http://' + target + '/favicon.png'})),
    asked('frame', (yes, no) => document.body.append(Object.assign(
        document.createElement('iframe'), {onload: no, src: 'http://' + target + '/'}))),
]).then(found => document.title = 'Tried: ' + found.join(', '));
</script>"""
NOTHING = "Tried: socket got nothing, fetch got nothing, image got nothing, frame got nothing"


@pytest.fixture
def port(address):
    return urlsplit(address).port


@pytest.fixture
def tab(browser):
    """A tab in which an address that ends in `attack` shows the attack, whoever serves it."""
    context = browser.new_context()
    context.route(
        re.compile("/attack[?]"), lambda route: route.fulfill(body=ATTACK, content_type="text/html")
    )
    yield context.new_page()
    context.close()


def attack(tab, page, target):
    """What a page got of the app, and whether the frame in it shows the app."""
    tab.goto(f"http://{page}/attack?target={target}")
    expect(tab).to_have_title(re.compile("Tried"))
    return tab.title(), tab.frames[1].locator("#root").count() > 0


def test_a_page_that_bound_its_own_name_to_this_machine_sees_a_sentence(tab, port):
    answer = tab.goto(f"http://{REBOUND}:{port}/")

    assert answer.status == 403
    assert "does not go by the name" in tab.locator("body").inner_text()


@pytest.mark.parametrize("page", [REBOUND + ":{port}", "localhost:{other}", "127.0.0.1:{port}"])
@pytest.mark.parametrize("target", [REBOUND + ":{port}", "localhost:{port}", "[::1]:{port}"])
def test_a_page_of_another_name_or_port_gets_nothing(tab, port, page, target):
    page, target = (text.format(port=port, other=port + 1) for text in (page, target))

    assert attack(tab, page, target) == (NOTHING, False)


def test_the_attack_finds_what_there_is_to_find(tab, port):
    """Else the tests above would pass whatever the app does."""
    told, is_shown = attack(tab, f"localhost:{port}", f"localhost:{port}")

    assert told == NOTHING.replace("nothing", "in").replace("frame got in", "frame got nothing")
    assert is_shown


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_the_app_works_under_every_name_of_this_machine(browser, port, name):
    context = browser.new_context()
    for visit in open_tab(context, f"http://{name}:{port}/"):
        visit.open("?study=demo")
        button = visit.page.get_by_role("button", name="New study")

        expect(button).to_be_enabled()
        visit.check()
    context.close()
