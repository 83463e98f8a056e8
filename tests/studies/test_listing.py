import os
import time

import pytest

from tests.studies.programs import SLEEP, start, wait_for, wait_until
from udviz.studies.listing import list_entries, list_runs, memory_of
from udviz.studies.status import Status, read_status, write_status


def make(root, name, begun, files=("study.toml",)):
    (root / name).mkdir()
    for file in files:
        (root / name / file).write_text("")
        os.utime(root / name / file, (begun, begun))


def test_studies_are_listed_the_latest_first_by_any_file_that_marks_them(root):
    make(root, "old", 1000, ["launch.json"])
    make(root, "new", 3000, ["study.toml"])
    make(root, "middle", 2000, ["status.json"])
    make(root, "other", 4000, ["notes.txt"])
    make(root, ".trash", 4000)
    (root / "file").write_text("")

    assert [entry.name for entry in list_entries(root)] == ["new", "middle", "old"]
    assert list_entries(root / "none") == []


def test_a_study_begun_in_the_future_has_no_negative_age(root):
    make(root, "mine", time.time() + 7200)

    [entry] = list_entries(root)

    assert entry.age == 0.0
    assert not entry.is_alive


def test_a_broken_link_and_a_folder_that_vanishes_are_left_out(root):
    (root / "gone").symlink_to(root / "nowhere")
    make(root, "mine", 1000)

    assert [entry.name for entry in list_entries(root)] == ["mine"]


def test_runs_of_a_study_come_in_the_order_in_which_they_were_begun(root):
    for begun, name in enumerate(("teacher", "baseline-0", "analysis")):
        make(root, name, 1000 + begun, ["run.toml", "status.json"] if begun < 2 else ["x"])

    assert [run.name for run in list_runs(root)] == ["teacher", "baseline-0"]
    assert list_runs(root / "none") == []


def test_the_memory_of_a_run_is_that_of_its_process_and_its_children(root):
    fork = "block = b'x' * 60_000_000\nis_parent = os.fork()\nblock += b'y'\n"
    ready = "if is_parent:\n    say('running', 'ready')\n"
    study = start(root / "mine", f"{fork}{ready}{SLEEP}")
    wait_for(study, "running")
    while (status := read_status(study)).message != "ready":
        pass

    wait_until(lambda: memory_of(status) > 100_000_000)  # both say they are ready, each for itself
    assert memory_of(status) < 1_000_000_000


@pytest.mark.parametrize("changes", [{"host": "elsewhere"}, {"process_mark": "old"}])
def test_the_memory_of_a_process_that_is_not_ours_is_not_told(root, changes):
    import dataclasses

    write_status(root, Status(state="running", stage="x", fraction=0.0))

    assert memory_of(dataclasses.replace(read_status(root), **changes)) is None
