"""Another account of the machine reaches the app's port: loopback is not the owner."""

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from udviz.ui.server import gate, peers
from udviz.ui.server.gate import OTHER_ACCOUNT, OWNER, VISITOR, Gate
from udviz.ui.server.peers import account_of, is_own_peer

SOMEBODY = 54_321  # a user id that runs no test


@pytest.fixture(params=["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def ends(request):
    """The two sockets of a connection on loopback: the app's, the visitor's."""
    is_mapped = "ffff" in request.param  # an IPv4 client of a server that listens on both
    listening = socket.create_server(
        ("::" if is_mapped else request.param, 0),
        family=socket.AF_INET6 if ":" in request.param else socket.AF_INET,
        dualstack_ipv6=is_mapped,
    )
    visitor = socket.create_connection((request.param, listening.getsockname()[1]))
    app, _ = listening.accept()
    listening.close()
    yield app, visitor
    app.close()
    visitor.close()


@pytest.fixture
def elsewhere(monkeypatch):
    """As if another account ran the app: every connection of this one is a stranger's."""
    monkeypatch.setattr(peers.os, "getuid", lambda: SOMEBODY)
    monkeypatch.setattr(peers, "ROOT", SOMEBODY)


def addresses(ends):
    """The visitor's end and the app's, as a server tells them."""
    app, _ = ends
    return app.getpeername()[:2], app.getsockname()[:2]


def passed(ends, *, host="localhost:80", headers=()):
    """What comes through the gate: the headers, or the sentence of the refusal."""
    found = {}

    async def app(scope, receive, send):
        found["headers"] = dict(scope["headers"])

    async def send(message):
        found["text"] = found.get("text", b"") + message.get("body", b"")

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    client, server = addresses(ends)
    asked = [(b"host", host.encode()), *headers]
    scope = {"type": "http", "path": "/", "headers": asked, "client": client, "server": server}
    with ThreadPoolExecutor(1) as apart:  # a thread that a browser test left a loop in has one
        apart.submit(lambda: asyncio.run(Gate(app)(scope, receive, send))).result()
    return found.get("headers") or found["text"].decode()


def test_the_kernel_names_the_account_at_the_other_end(ends):
    assert account_of(*addresses(ends)) == os.getuid()
    assert is_own_peer(*addresses(ends))


def test_a_connection_of_another_account_is_told_apart(ends, elsewhere):
    assert not is_own_peer(*addresses(ends))


def test_who_closes_at_once_is_nobody_and_not_root(ends):
    _, visitor = ends
    told = addresses(ends)
    visitor.sendall(b"all that was to be asked")
    visitor.close()

    assert account_of(*told) is None
    assert not is_own_peer(*told)


def test_a_connection_that_does_not_exist_is_nobody_s():
    assert account_of(("127.0.0.1", 1), ("127.0.0.1", 2)) is None


def test_where_the_system_does_not_tell_the_machine_is_one_person_s(ends, elsewhere, monkeypatch):
    monkeypatch.setattr(peers, "TABLES", ())

    assert is_own_peer(*addresses(ends))


def test_the_owner_passes_and_is_marked(ends):
    assert passed(ends)[VISITOR.encode()] == OWNER.encode()


def test_another_account_gets_nothing(ends, elsewhere):
    assert passed(ends) == OTHER_ACCOUNT


def test_another_account_may_look_where_the_owner_says_so_and_is_not_marked(
    ends, elsewhere, monkeypatch
):
    monkeypatch.setenv("UDVIZ_SHARED", "1")
    forged = [(VISITOR.encode(), OWNER.encode()), (VISITOR.encode(), b"owner")]

    assert VISITOR.encode() not in passed(ends, headers=forged)


def test_the_public_name_that_a_proxy_passes_on_is_not_the_owner_s(ends, monkeypatch):
    monkeypatch.setattr(
        gate.st, "get_option", options(**{"server.allowedHosts": ["lab.example.org"]})
    )

    assert VISITOR.encode() not in passed(ends, host="lab.example.org")


def test_nobody_is_the_owner_of_an_app_that_the_network_reaches(ends, monkeypatch):
    monkeypatch.setattr(gate.st, "get_option", options(**{"server.address": "0.0.0.0"}))

    assert VISITOR.encode() not in passed(ends)


def test_a_page_that_the_owner_trusts_may_hold_the_app_in_a_frame(monkeypatch):
    trusted = ["http://localhost:8888"]
    monkeypatch.setattr(gate.st, "get_option", options(**{"server.corsAllowedOrigins": trusted}))

    told = Gate(None)._headers["content-security-policy"]

    assert told == "frame-ancestors 'self' http://localhost:8888"


def options(**changed):
    before = gate.st.get_option
    return lambda name: changed.get(name, before(name))
