"""What every attack is judged by: nothing runs, nothing outside is touched, one clear sentence."""

import copy
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from PIL import Image

from udviz.studies.failure import reason

CANARY = "canary 5f1d"  # in every file outside; must come back nowhere
RUNS_CODE = (
    *("pickle.find_class", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"),
    *("os.spawn", "os.fork", "ctypes.dlopen", "socket.connect", "urllib.Request"),
)
FOLLOWS = ("open", "os.listdir", "os.scandir", "os.truncate", "os.chmod", "os.utime")
TOUCHES = (*FOLLOWS, "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink")
MARKDOWN_MARKS = "\u2068\u2069\u200b"  # invisible; `safe_markdown` puts them around names
LONGEST_SENTENCE = 2_500

# Few examples each, the same ones every time: what fails here fails again.
FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Watch:
    """What this process did while it was watched. There is one, as its hook cannot be removed."""

    def __init__(self) -> None:
        self.active = False
        self.opened: list[str] = []
        self.ran: list[str] = []

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note files that are opened or listed, and everything that could run code."""
        if not self.active:
            return
        if event in TOUCHES:
            named = [part for part in arguments[:2] if isinstance(part, str | bytes | os.PathLike)]
            follows = event in FOLLOWS and not (event == "open" and arguments[2] & os.O_NOFOLLOW)
            self.opened += [_place(os.fsdecode(name), follows=follows) for name in named]
        elif event in RUNS_CODE:
            self.ran.append(f"{event} {arguments!r:.200}")

    @contextmanager
    def running(self) -> Iterator[None]:
        self.active = True
        try:
            yield
        finally:
            self.active = False
            ran, self.ran = self.ran, []
            assert ran == [], ran


def _place(path: str, *, follows: bool) -> str:
    """What is touched when ``path`` is: the end of a link, or the link itself."""
    if follows:
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


WATCH = Watch()
sys.addaudithook(WATCH.hook)


class Payload:
    """A pickle of it makes a file when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.marker),)


class Outside:
    """A folder beside the roots that nothing may read or write.

    Attributes:
        folder: Holds ``secret.<suffix>`` of every kind that is read somewhere.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for suffix in ("txt", "csv", "json", "xml", "toml", "jsonl", "npy"):
            (folder / f"secret.{suffix}").write_text(CANARY)
        for suffix in ("jpg", "png"):
            Image.fromarray(np.full((8, 8, 3), 77, np.uint8)).save(folder / f"secret.{suffix}")
        self.accept()
        WATCH.opened.clear()

    def accept(self) -> None:
        """Take what is in the folder now for what must stay."""
        self._before = self._snapshot()

    def check(self) -> None:
        """Fail if anything in the folder was opened, made, changed or removed."""
        inside = [path for path in WATCH.opened if Path(path).is_relative_to(self.folder)]
        assert inside == [], inside
        assert self._snapshot() == self._before

    def _snapshot(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}


def refused(action: Callable[[], Any], *, names: str = "") -> str:
    """The sentence with which ``action`` is refused, which must hold ``names``."""
    with WATCH.running(), pytest.raises((ValueError, FileNotFoundError)) as caught:
        action()
    sentence = sentence_of(caught.value)
    assert names in sentence
    return sentence


def sentence_of(error: Exception) -> str:
    """What a person is told of ``error``; fails unless that is short, clear and harmless."""
    assert not isinstance(error, UnicodeError), "a codec speaks to programmers"
    text = "".join(character for character in str(error) if character not in MARKDOWN_MARKS)
    assert len(text) <= LONGEST_SENTENCE
    assert text == reason(ValueError(text)), "it would steer a terminal"
    assert all(line.isprintable() for line in text.splitlines())
    assert "\n" not in text or type(error).__name__ == "DataProblems" or "  --" in text
    assert "Traceback" not in text
    assert CANARY not in text
    return text


def watched(action: Callable[[], Any]) -> Any:
    """Call something that may go through, and see to it that it runs no code."""
    with WATCH.running():
        return action()


def told(action: Callable[[], Any]) -> Any:
    """What ``action`` returns, or None where it refuses in a sentence."""
    try:
        return watched(action)
    except (ValueError, FileNotFoundError) as error:
        sentence_of(error)
        return None


def damaged(whole: bytes) -> SearchStrategy[bytes]:
    """``whole`` cut, with bytes changed, or with a stretch of it written twice."""
    places = st.integers(0, len(whole) - 1)
    cut = places.map(lambda place: whole[:place])
    changed = st.lists(st.tuples(places, st.binary(min_size=1, max_size=4)), min_size=1, max_size=6)
    return st.one_of(cut, changed.map(lambda edits: _edited(whole, edits)))


def _edited(whole: bytes, edits: list[tuple[int, bytes]]) -> bytes:
    content = bytearray(whole)
    for place, new in edits:
        content[place : place + len(new)] = new
    return bytes(content)


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 10**400, float("nan"), float("inf"), 1e308, 2**63]),
    st.sampled_from(["", "../x", "/etc/passwd", "\ud800", "a\0b", "x" * 100_000, "=1+1"]),
    st.sampled_from([[], {}, [[]], [{}], {"a": {"b": []}}]).map(copy.deepcopy),
)


@st.composite
def mutated(draw: st.DrawFn, whole: Any) -> Any:
    """A copy of nested JSON in which up to three values or keys became something else."""
    value = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        value = _mutate(draw, value)
    return value


def _mutate(draw: st.DrawFn, value: Any) -> Any:
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 4)) == 0:
        return draw(ODD_VALUES)
    keys = sorted(value) if isinstance(value, dict) else range(len(value))
    key = draw(st.sampled_from(list(keys)))
    if isinstance(value, dict) and draw(st.integers(0, 5)) == 0:
        del value[key]
    else:
        value[key] = _mutate(draw, value[key])
    return value
