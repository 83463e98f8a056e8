"""One small file in a copied study that would fill the memory of whoever reads it."""

import os
import resource
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.synthetic import write_study
from udviz.bounded import MOST, MOST_ROWS, check_parquet, read_bytes
from udviz.predictions.cache import _read_images
from udviz.recipe.files import read_recipe
from udviz.studies.events import append_event, read_events
from udviz.studies.listing import list_entries
from udviz.studies.status import read_status

ROOT = Path(__file__).parents[2]
HUGE = 20 * 2**30  # bytes
ROOM = 3 * 2**30  # bytes that a test may need beyond what the process holds
SMALL_FILES = (
    *("status.json", "study.toml", "launch.json", "stop.json", "reviews.jsonl", "log.txt"),
    *("teacher/status.json", "teacher/run.toml", "teacher/events.jsonl"),
    *("teacher/predictions/test/manifest.json", "analysis/manifest.json"),
)
PAGES = ("pages/4_Label.py", "pages/6_Data.py", "pages/7_Runs.py")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder with a sound study and a bad one, which is the latest."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("UDVIZ_RUNS", str(folder))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # AppTest replaces it
    write_study(folder / "sound", names=["cat", "dog"])
    write_study(folder / "bad", names=["cat", "dog"])
    os.utime(folder / "sound" / "study.toml", (1, 1))
    return folder


@pytest.fixture(autouse=True)
def little_memory():
    """What takes more than `ROOM` fails, instead of taking the machine down."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + ROOM, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def blow_up(file):
    """Put a sparse file, which takes no room on the disk, in the place of ``file``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with file.open("wb") as made:
        made.truncate(HUGE)


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """A table of 300 million equal rows; a few kilobytes."""
    file = tmp_path_factory.mktemp("endless") / "endless.parquet"
    part = pa.table({"image_id": pa.repeat(pa.scalar("a"), 2**24)})
    with pq.ParquetWriter(file, part.schema) as writer:
        for _ in range(18):
            writer.write_table(part, row_group_size=2**24)
    return file


def shown(app):
    assert not app.exception, app.exception
    return " ".join(element.value for element in [*app.error, *app.info, *app.warning])


@pytest.mark.parametrize("place", SMALL_FILES)
def test_a_file_of_20_gb_costs_its_own_study_and_no_other(root, place):
    blow_up(root / "bad" / place)

    app = AppTest.from_file(str(ROOT / "overview.py"), default_timeout=60).run()
    shown(app)
    for page in PAGES:
        shown(app.switch_page(page).run())
    app.query_params["study"] = "sound"
    sound = app.switch_page("overview.py").run()

    assert "Models" in [header.value for header in sound.header]
    assert {entry.name for entry in list_entries(root)} == {"sound", "bad"}


@pytest.mark.parametrize("place", ["status.json", "study.toml", "teacher/events.jsonl"])
def test_a_bad_study_is_listed_and_can_be_deleted_on_its_page(root, place, monkeypatch):
    monkeypatch.setattr("udviz.ui.frame.access.is_owner", lambda: True)
    blow_up(root / "bad" / place)
    app = AppTest.from_file(str(ROOT / "overview.py"), default_timeout=60).run()
    app.query_params["run"] = "bad"
    app.switch_page("pages/7_Runs.py").run()
    shown(app)

    next(button for button in app.button if button.label == "Delete").click().run()
    next(button for button in app.button if button.label == "Move to trash").click().run()

    assert not (root / "bad").exists()
    assert (root / "sound").exists()


def test_a_cache_that_lists_300_million_images_is_refused(tmp_path, endless):
    with pytest.raises(ValueError, match="is no Parquet table"):
        _read_images(endless, 300_000_000)


def test_a_table_is_judged_by_what_it_says_of_itself(tmp_path, endless):
    small = tmp_path / "small.parquet"
    pd.DataFrame({"a": range(100), "b": range(100)}).to_parquet(small)

    check_parquet(small)
    with pytest.raises(ValueError, match=f"at most {MOST_ROWS:,} rows"):
        check_parquet(endless)
    with pytest.raises(ValueError, match="at most 99 rows"):
        check_parquet(small, most_rows=99)
    with pytest.raises(ValueError, match="rows and 1,000 bytes"):
        check_parquet(small, most_bytes=1000)


def test_a_file_is_read_up_to_its_bound_and_not_beyond(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"a" * MOST)

    assert len(read_bytes(file)) == MOST
    file.write_bytes(b"a" * (MOST + 1))
    with pytest.raises(OSError, match=f"must have at most {MOST:,} bytes"):
        read_bytes(file)
    blow_up(file)
    assert read_bytes(file, last=5) == bytes(5)


def test_a_huge_recipe_is_refused_in_one_sentence(tmp_path):
    blow_up(tmp_path / "study.toml")

    with pytest.raises(ValueError, match=r"study\.toml` must be a TOML file: .* at most"):
        read_recipe(tmp_path / "study.toml")


def test_of_a_huge_diary_the_end_is_read(tmp_path):
    blow_up(tmp_path / "events.jsonl")
    append_event(tmp_path / "events.jsonl", {"event": "epoch", "epoch": 3})

    assert read_events(tmp_path / "events.jsonl") == [{"event": "epoch", "epoch": 3}]


def test_a_huge_status_is_none(tmp_path):
    blow_up(tmp_path / "status.json")

    assert read_status(tmp_path) is None
