"""The app beside a notebook: a server of its own that ends with the kernel, shown below the cell.

Jupyter draws whatever has ``_repr_html_``; nothing of it is needed here.
"""

import atexit
import html
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import quote, urlsplit

from udviz.checks import shown
from udviz.installation import ENVIRONMENT, working_folder
from udviz.studies.directory import STUDY_FILE

PATIENCE = 90.0  # seconds until the server must answer
_FAREWELL = 10.0  # seconds that it may take to end
_NAMES = ("localhost", "127.0.0.1")  # of one server: a notebook may be open under either


@dataclass(frozen=True, eq=False, kw_only=True)
class Shown:
    """The running app; a notebook draws it, anything else prints its address.

    Attributes:
        url: Where a browser of this machine opens the study.
        height: Of the frame, in pixels.
        is_framed: Whether the notebook's own address is known, so that it may have the app in a
            frame; else there is a link.
        process: The server. It ends when this is closed, and with this Python.
    """

    url: str
    height: int
    is_framed: bool
    process: subprocess.Popen[bytes]

    def close(self) -> None:
        """End the server; nothing is lost, and what it started goes on."""
        _end(self.process)

    def __repr__(self) -> str:
        """The address."""
        return f"udviz at {self.url}"

    def _repr_html_(self) -> str:
        address = html.escape(self.url, quote=True)
        link = f'<a href="{address}" target="_blank" rel="noopener">Open {address}</a>'
        if not self.is_framed:
            return link
        frame = f'<iframe src="{address}" width="100%" height="{self.height}" frameborder="0">'
        return f"{link}<br>{frame}</iframe>"


def show(study: Path | str, *, height: int = 800, origins: Sequence[str] = ()) -> Shown:
    """Open the app on a study, beside a notebook.

    Args:
        study: Folder of the study, as ``out`` of `udviz.compare`.
        height: Of the frame, in pixels.
        origins: Addresses of pages that may have the app in a frame, as
            ``http://localhost:8888``; the Jupyter server of this kernel is one already.

    Returns:
        The app, to be drawn as the last line of a cell.

    Raises:
        ValueError: If ``study`` holds none.
        RuntimeError: If the server does not start; says why.
    """
    folder = Path(study).absolute()
    if not (folder / STUDY_FILE).is_file():
        raise ValueError(
            f"`study` must be the folder of a study, which holds {STUDY_FILE}, got "
            f"{shown(str(study))}. `udviz.compare(..., out=FOLDER)` writes one."
        )
    trusted = [*origins, *_notebook_origins()]
    port = _free_port()
    process = _start(folder.parent, port, trusted)
    return Shown(
        url=f"http://localhost:{port}/?study={quote(folder.name)}",
        height=height,
        is_framed=bool(trusted),
        process=process,
    )


def _start(root: Path, port: int, trusted: Sequence[str]) -> subprocess.Popen[bytes]:
    """A server that answers; it ends when its standard input does, so with this process."""
    options = ["--server.address", "localhost", "--server.port", str(port)]
    options += ["--server.headless", "true"]
    options += [word for origin in trusted for word in ("--server.corsAllowedOrigins", origin)]
    program = [sys.executable, "-m", "udviz.cli", "app", "--runs", str(root), "--until-input-ends"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*program, *options],
            cwd=working_folder(),
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt of the notebook is none of the server's
        )
        atexit.register(_end, process)
        try:
            _wait(f"http://localhost:{port}/_stcore/health", process)
        except TimeoutError as error:
            _end(process)
            log.seek(0)
            told = log.read()[-1000:].decode(errors="replace")
            raise RuntimeError(f"The app did not start: {shown(told)}") from error
    return process


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < ends:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(url, timeout=2).close()
            return
        time.sleep(0.1)
    raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_FAREWELL)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _notebook_origins() -> list[str]:
    """What a browser calls the Jupyter server that started this kernel; empty if there is none."""
    try:
        runtime = Path(import_module("jupyter_core.paths").jupyter_runtime_dir())
        server = runtime / f"jpserver-{int(os.environ['JPY_PARENT_PID'])}.json"
        url = urlsplit(str(json.loads(server.read_text(encoding="utf-8"))["url"]))
        port = url.port
    except (ImportError, KeyError, ValueError, TypeError, OSError):
        return []
    names = _NAMES if url.hostname in _NAMES else (url.hostname,)
    return [f"{url.scheme}://{name}:{port}" for name in names]
