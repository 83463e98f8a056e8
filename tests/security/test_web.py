"""What a web page, another account or a person without the password gets of the running app."""

import http.client
import urllib.parse

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from websockets.sync.client import connect

from tests.browser.conftest import serve
from udviz.ui.server.gate import OTHER_ACCOUNT

STREAM = "/_stcore/stream"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
PATHS = pytest.mark.parametrize("path", ["/", STREAM, "/_stcore/host-config", "/media/a.png"])


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """Port of an app that was started with the settings of this repository, and no study."""
    root = tmp_path_factory.mktemp("served") / "runs"
    root.mkdir()
    for address in serve(root):
        yield urllib.parse.urlsplit(address).port


def ask(port, path="/", *, host=None, at="127.0.0.1", **headers):
    """Status and text of an answer; of a websocket's handshake where ``path`` is one."""
    connection = http.client.HTTPConnection(at, port, timeout=20)
    connection.putrequest("GET", path, skip_host=True)
    asked = {"Host": host or f"localhost:{port}"} | (UPGRADE if path == STREAM else {})
    for name, value in (asked | headers).items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    text = "" if answer.status == 101 else answer.read().decode()
    connection.close()
    return answer.status, text, answer.headers


@pytest.mark.parametrize("at", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_the_app_goes_by_the_names_of_this_machine_at_both_addresses(port, at, name):
    host = f"{name}:{port}"

    assert ask(port, host=host, at=at)[0] == 200
    assert ask(port, STREAM, host=host, at=at, Origin=f"http://{host}")[0] == 101


@PATHS
@pytest.mark.parametrize(
    "name",
    [
        *("evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "0.0.0.0", "192.168.0.4"),
        *("localhost@evil.test", "evil.test@localhost", "localhost/", "[::2]", "localhost:1:2", ""),
    ],
)
def test_a_name_that_was_bound_to_this_machine_gets_nothing(port, path, name):
    host = f"{name}:{port}"

    assert ask(port, path, host=host, Origin=f"http://{host}")[0] in (400, 403)
    assert ask(port, path, host=host)[0] in (400, 403)


@PATHS
@pytest.mark.parametrize(
    "origin",
    [
        *("http://localhost:{other}", "http://127.0.0.1:{other}", "http://localhost", "null"),
        *("http://127.0.0.1:{port}", "https://evil.test", "http://localhost:{port}.evil.test", ""),
    ],
)
def test_a_page_of_another_port_or_host_gets_nothing(port, path, origin):
    told = origin.format(port=port, other=port + 1)

    status, text, _ = ask(port, path, Origin=told)

    assert status == 403
    assert path == STREAM or "is not open to pages of" in text


def test_every_answer_says_that_no_other_page_may_hold_it(port):
    for path, host in (("/", None), ("/_stcore/health", None), ("/", "evil.test")):
        headers = ask(port, path, host=host)[2]
        assert headers["Content-Security-Policy"] == "frame-ancestors 'self'"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_no_page_outside_may_send_messages_to_the_app(port):
    assert '"allowedOrigins":[]' in ask(port, "/_stcore/host-config")[1]


@PATHS
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_who_says_to_be_forwarded_from_the_owner_s_own_connection_is_not_the_owner(
    port, path, header
):
    owner = http.client.HTTPConnection("127.0.0.1", port)
    owner.connect()
    address = "{}:{}".format(*owner.sock.getsockname())

    status, text, _ = ask(port, path, **{header: address})

    owner.close()
    assert status == 403
    assert path == STREAM or text == OTHER_ACCOUNT


def test_a_visitor_with_a_session_and_a_token_uploads_nothing(port):
    origin, token = f"http://localhost:{port}", generate_xsrf_token_string()
    with connect(f"ws://localhost:{port}{STREAM}", origin=origin, subprotocols=["streamlit"]) as ws:
        ws.send(BackMsg(rerun_script=ClientState()).SerializeToString())
        while not (session := ForwardMsg.FromString(ws.recv()).new_session.initialize.session_id):
            pass
        body = (
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n--b--\r\n'
        )
        sent = http.client.HTTPConnection("localhost", port)
        headers = {
            "Content-Type": "multipart/form-data; boundary=b",
            "X-Xsrftoken": token,
            "Cookie": f"_streamlit_xsrf={token}",
        }
        sent.request("PUT", f"/_stcore/upload_file/{session}/1", body, headers)
        answer = sent.getresponse()

    assert (answer.status, answer.read().decode()) == (403, "Nothing is uploaded to this app.")
    sent.close()
