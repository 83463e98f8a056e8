"""Who gets anything of the app at all: asked of every request and every connection.

A server on loopback is reached by every web page in the same browser and every account of the
machine. Neither is the person who started it. What passes is marked if it is that person;
`udviz.ui.frame.access` goes by the mark.
"""

import secrets

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from udviz.studies.privacy import SHARED, is_shared
from udviz.ui.server.hosts import host_name, is_known, is_loopback, is_same_origin
from udviz.ui.server.peers import is_own_peer

VISITOR = "x-udviz-visitor"  # header that is set here, and taken from whoever sends it
OWNER = secrets.token_urlsafe()  # what it says of the person who started the app
_UPLOADS = "/_stcore/upload_file"
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")

UNKNOWN_HOST = (
    "This app does not go by the name {host!r}. Open it as localhost, or start it with "
    "--server.allowedHosts localhost --server.allowedHosts NAME if that is its name."
)
FOREIGN = "This app is not open to pages of {origin!r}."
OTHER_ACCOUNT = (
    "This app answers the account of this machine that started it, with no proxy between. That "
    f"account can open it to others: {SHARED}=1, and UDVIZ_PASSWORD for who may change something."
)
NO_UPLOAD = "Nothing is uploaded to this app."


class Gate:
    """Middleware around the whole app; what it goes by is read once, when the server starts.

    Args:
        app: What is behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._is_local = is_loopback(st.get_option("server.address"))
        self._allowed = tuple(st.get_option("server.allowedHosts"))
        self._trusted = tuple(st.get_option("server.corsAllowedOrigins"))
        self._headers = {
            "content-security-policy": " ".join(("frame-ancestors 'self'", *self._trusted)),
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "x-content-type-options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it with a sentence."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        is_own = self._is_local and _comes_from_owner(scope)
        if why_not := self._refusal(scope, is_own):
            refused = WebSocketClose(reason=why_not[:120])
            answer = PlainTextResponse(why_not, 403) if scope["type"] == "http" else refused
            await answer(scope, receive, send_guarded)
        else:
            host = host_name(Headers(scope=scope)["host"])
            await self._app(_marked(scope, is_own and is_loopback(host)), receive, send_guarded)

    def _refusal(self, scope: Scope, is_own: bool) -> str | None:
        """Why this request gets nothing; None if it may pass."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not is_known(host, self._allowed):
            return UNKNOWN_HOST.format(host=host)
        if origin is not None and not is_same_origin(origin, host, self._trusted):
            return FOREIGN.format(origin=origin)
        if self._is_local and not is_own and not is_shared():
            return OTHER_ACCOUNT
        return NO_UPLOAD if _UPLOADS in scope["path"] else None


def _comes_from_owner(scope: Scope) -> bool:
    """Whether the account that runs the app asks, with no proxy between."""
    headers = Headers(scope=scope)
    if any(name in headers for name in _FORWARDED):  # uvicorn takes the client's address from them
        return False
    return scope["client"] is not None and is_own_peer(scope["client"], scope["server"])


def _marked(scope: Scope, is_owner: bool) -> Scope:
    """The request with the mark of the owner, or without."""
    marked = dict(scope, headers=list(scope["headers"]))
    headers = MutableHeaders(scope=marked)
    del headers[VISITOR]
    if is_owner:
        headers[VISITOR] = OWNER
    return marked


GATE = [Middleware(Gate)]
