"""Reading a person's data beside the form: in a thread, once per state of the files."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from udviz.data.source import load_dataset
from udviz.data.understood import as_json
from udviz.recipe.data import DataConfig
from udviz.roots import INSIDE

_AT_ONCE, _KEPT = 2, 8  # readings
_NO_MATTER = {"side_px": 96, "n_train": 8, "n_val": 4, "n_test": 4}  # to what is read of files


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading of a data set, under way or done.

    Attributes:
        facts: What was understood, as `udviz.data.understood.as_json` has it.
        begun: When, by `time.monotonic`.
    """

    facts: Future[Mapping[str, Any]] = field(default_factory=Future)
    begun: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long ago it was begun."""
        return time.monotonic() - self.begun


class Readings:
    """The latest readings of a server, shared by all who look at the same files."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], Reading] = OrderedDict()
        self._lock, self._turns = threading.Lock(), threading.Semaphore(_AT_ONCE)

    def of(self, data: DataConfig) -> Reading:
        """The reading of ``data`` as they are now; begun if there is none yet."""
        key = (data.model_copy(update=_NO_MATTER).model_dump_json(), *_stamps(data))
        with self._lock:
            if (reading := self._kept.get(key)) is None:
                reading = self._kept[key] = Reading()
                threading.Thread(target=self._read, args=(data, reading), daemon=True).start()
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return reading

    def _read(self, data: DataConfig, reading: Reading) -> None:
        with self._turns:
            try:
                facts = as_json(load_dataset(data))
            except (OSError, ValueError) as error:
                reading.facts.set_exception(error)
            except BaseException as error:  # a form that waits for ever tells nobody
                reading.facts.set_exception(RuntimeError(f"They cannot be read: {error!r}"))
                raise
            else:
                reading.facts.set_result(facts)


@st.cache_resource(show_spinner=False)
def readings() -> Readings:
    """The readings of this server."""
    return Readings()


def _stamps(data: DataConfig) -> list[str]:
    """When each place that is read was last written."""
    places = [data.folder, *(data.folder / getattr(data, name) for name in INSIDE)]
    return [_stamp(place) for place in dict.fromkeys(places)]


def _stamp(place: Path) -> str:
    try:
        found = place.stat()
    except (OSError, ValueError):
        return ""
    return f"{found.st_ino} {found.st_mtime_ns} {found.st_size}"
