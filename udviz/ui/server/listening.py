"""Both loopback addresses are the app's: whoever held the other one would be `localhost` as well.

Streamlit binds `localhost` to 127.0.0.1 alone, while a browser asks ::1 first.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
import uvicorn
from starlette.types import ASGIApp
from streamlit import cli_util

from udviz.studies.privacy import keep_private

_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[None]:
    """What happens around a server: private files, the second address, a browser window.

    Raises:
        RuntimeError: If another program holds that address.
    """
    keep_private()
    port = int(st.get_option("server.port"))
    other = _ipv6_loopback(port) if st.get_option("server.address") == "localhost" else None
    if not st.get_option("server.headless"):
        asyncio.get_running_loop().call_later(0.5, cli_util.open_browser, _url(port))
    if other is None:
        yield
        return
    async with _served(app, other):
        yield


def _url(port: int) -> str:
    address = st.get_option("server.address") or "localhost"
    host = f"[{address}]" if ":" in address else address
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    return f"{scheme}://{host}:{port}/{st.get_option('server.baseUrlPath').strip('/')}"


def _ipv6_loopback(port: int) -> socket.socket | None:
    """A socket on ::1; None on a machine without IPv6."""
    try:
        return socket.create_server(("::1", port), family=socket.AF_INET6)
    except OSError as error:
        if error.errno in _NO_IPV6:
            return None
        raise RuntimeError(
            f"Port {port} of [::1] must be free, but is another program's ({error.strerror}), "
            "which browsers would show for `localhost`. Choose another --server.port."
        ) from error


@asynccontextmanager
async def _served(app: ASGIApp, listening: socket.socket) -> AsyncIterator[None]:
    """Serve ``app`` on one more socket, in the loop and with the life of the server that runs."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=int(st.get_option("server.maxMessageSize")) * 1024 * 1024,
        ssl_certfile=st.get_option("server.sslCertFile"),
        ssl_keyfile=st.get_option("server.sslKeyFile"),
        log_config=None,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening])
    running = asyncio.create_task(server.main_loop())
    try:
        yield
    finally:
        server.should_exit = True
        await running
        await server.shutdown(sockets=[listening])
