"""A neighbour on the network: nothing that runs on one machine listens where others reach it.

torchrun's store listened on all interfaces, asked nobody who they are and unpickled what they sent.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.security.sockets import listening, reachable_from_elsewhere
from tests.studies.programs import wait_until
from udviz.launching.placement import HERE, Placement
from udviz.launching.together.network import LOOPBACK, check_network, interface_in
from udviz.launching.together.seat import private_folder

PROJECT = Path(__file__).parents[2]
MEETS = (  # joins the others, says so, and stays until it is killed
    "import os, pathlib, time\n"
    "from udviz.training import distributed\n"
    "with distributed.process_group():\n"
    "    distributed.barrier()\n"
    '    pathlib.Path(f\'met-{os.environ.get("RANK", "0")}\').touch()\n'
    "    time.sleep(600)\n"
)
FOREIGN_WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Origin": "http://elsewhere.example",
}
TWO_MACHINES = Placement(machines=2, network=LOOPBACK)


@contextmanager
def running(arguments, folder, **variables) -> Iterator[psutil.Process]:
    """``python`` with ``arguments``, with what it started, for as long as the test needs it."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), **variables}
    with (folder / "log").open("ab") as log:
        program = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        yield psutil.Process(program.pid)
    finally:
        family = psutil.Process(program.pid).children(recursive=True)
        for process in (*family, psutil.Process(program.pid)):
            process.send_signal(signal.SIGKILL)
        program.wait()


def wait_for_processes(folder, n, *programs):
    """Wait until ``n`` processes have met."""

    def have_met():
        assert all(program.status() != "zombie" for program in programs), (
            folder / "log"
        ).read_text()
        return len(list(folder.glob("met-*"))) == n

    wait_until(have_met)


def outward():
    """Settings that have gloo listen where others reach it, as far as this machine has such."""
    loopback = interface_in(check_network(LOOPBACK, public=False))
    others = [
        name
        for name, found in psutil.net_if_addrs().items()
        if name != loopback and any(address.family == socket.AF_INET for address in found)
    ]
    return {"GLOO_SOCKET_IFNAME": (others or [loopback])[0]}


@pytest.mark.parametrize("placement", [HERE, Placement(processes=2)], ids=["one", "several"])
def test_processes_of_one_machine_listen_on_the_loopback_interface_only(tmp_path, placement):
    arguments = placement.command(["-c", MEETS], tmp_path)

    with running(arguments, tmp_path, **outward()) as program:
        wait_for_processes(tmp_path, placement.processes, program)
        found = listening(program.pid)
        seen_from_elsewhere = reachable_from_elsewhere(program.pid)

    assert len(found) == (0 if placement is HERE else 2), "gloo has a port in every process"
    assert seen_from_elsewhere == set()


def test_machines_listen_on_the_network_that_is_named_only(tmp_path):
    arguments = TWO_MACHINES.command(["-c", MEETS], tmp_path)

    with (
        running(arguments, tmp_path, **outward()) as first,
        running(arguments, tmp_path, **outward()) as second,
    ):
        wait_for_processes(tmp_path, 2, first, second)
        found = listening(first.pid) | listening(second.pid)

    assert len(found) == 2
    assert {address for address, _ in found} == {"127.0.0.1"}


@contextmanager
def served(folder, *options, **variables) -> Iterator[tuple[psutil.Process, int]]:
    """The app with the settings of this repository, and its port."""
    (folder / ".streamlit").symlink_to(PROJECT / ".streamlit")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = ["-m", "streamlit", "run", str(PROJECT / "app.py"), "--server.headless", "true"]
    arguments = [*app, "--server.port", str(port), *options]
    with running(arguments, folder, UDVIZ_RUNS=str(folder), **variables) as program:
        wait_until(lambda: is_answered(port))
        yield program, port


def is_answered(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_the_app_listens_on_the_loopback_interface_only(tmp_path):
    with served(tmp_path) as (app, port):
        found = listening(app.pid)
        seen_from_elsewhere = reachable_from_elsewhere(app.pid)

    assert ("127.0.0.1", port) in found
    assert seen_from_elsewhere == set()


@pytest.mark.parametrize("address", ["localhost", "0.0.0.0"])
def test_the_app_asks_nobody_outside_for_its_address(tmp_path, address):
    with socket.create_server(("127.0.0.1", 0)) as proxy:  # what asks outside, asks here
        outside = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        options = ["--server.address", address]
        proxies = {"http_proxy": outside, "https_proxy": outside}
        with served(tmp_path, *options, **proxies) as (_, port):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", "/_stcore/stream", headers=FOREIGN_WEBSOCKET)
            status = connection.getresponse().status
            connection.close()
        proxy.settimeout(0)
        with pytest.raises(BlockingIOError):
            proxy.accept()

    assert status == 403


def test_a_port_that_others_reach_would_be_seen(tmp_path):
    listens = "import socket, time; s = socket.create_server(('', 0)); time.sleep(600)"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {listens!r}])"

    with running(["-c", starts], tmp_path) as program:
        wait_until(lambda: reachable_from_elsewhere(program.pid))


@pytest.mark.parametrize(
    "network", ["0.0.0.0/0", "8.8.8.0/24", "172.0.0.0/8", "192.0.2.0/24", "10.0.0.0/7"]
)
def test_a_network_that_is_not_private_is_refused_unless_a_person_answers_for_it(network):
    refusal = r"--placement\.network must be private.*--placement\.public"
    with pytest.raises(ValueError, match=refusal):
        Placement(machines=2, network=network)

    assert Placement(machines=2, network=network, public=True).public


def test_a_typed_command_refuses_a_public_network_and_starts_nothing(tmp_path):
    started = "import pathlib; pathlib.Path('started').touch()"
    command = [
        *("-m", "udviz.launching.together", "--machines", "2", "--network", "8.8.8.0/24"),
        *("--meet", "here", "--", "-c", started),
    ]

    told = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 1
    assert "Failed: --network must be private" in told.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("network", ["", "eth0", "10.0.0.1/8", "fe80::/10", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(network):
    with pytest.raises(ValueError, match=r"--network must be the IPv4 network"):
        check_network(network, public=True)


def test_a_network_that_this_machine_is_not_in_is_refused_with_its_own():
    with pytest.raises(ValueError, match=r"must lie in 10\.255\.255\.240/28, got 0.* 127\.0\.0\.1"):
        interface_in(check_network("10.255.255.240/28", public=False))


def test_a_network_with_two_interfaces_of_this_machine_is_refused(monkeypatch):
    own = psutil.net_if_addrs()
    loopback = interface_in(check_network(LOOPBACK, public=False))
    monkeypatch.setattr("psutil.net_if_addrs", lambda: {**own, "copy": own[loopback]})

    with pytest.raises(ValueError, match="got 2"):
        interface_in(check_network(LOOPBACK, public=False))


def test_processes_meet_where_nobody_else_reads_or_writes(tmp_path):
    folder = private_folder(tmp_path / "meeting")
    assert folder.stat().st_mode & 0o777 == 0o700

    folder.chmod(0o770)
    with pytest.raises(ValueError, match="its owner alone may open"):
        private_folder(folder)

    link = tmp_path / "link"
    folder.chmod(0o700)
    link.symlink_to(folder)
    with pytest.raises(ValueError, match="its owner alone may open"):
        private_folder(link)
