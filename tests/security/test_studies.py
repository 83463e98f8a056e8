"""Studies of somebody else below the folder of all studies: their files, and links in them."""

import json
import os
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from tests.pages.synthetic import write_study
from tests.security.attacks import CANARY, FEW, damaged, mutated, refused, told, watched
from udviz.commands import command_line as command
from udviz.commands import export
from udviz.export.tensorboard import scalars
from udviz.launching.launch import plan_of
from udviz.launching.queue import QUEUE, join_queue, leave_queue, waiting
from udviz.predictions.manifest import file_crc32
from udviz.recipe.files import RECIPES, read_recipe
from udviz.recipe.schema import Recipe
from udviz.studies.directory import LAUNCH_FILE, RunDirectory, check_links, list_studies, study_path
from udviz.studies.events import append_event, read_events
from udviz.studies.listing import list_entries, list_runs
from udviz.studies.lock import try_lock
from udviz.studies.log import tail
from udviz.studies.reviews import REVIEWS_FILE, Review, ReviewedTarget, add_review, standing_reviews
from udviz.studies.status import STATUS_FILE, Status, read_status
from udviz.studies.trash import TRASH, discarded, empty, restore
from udviz.ui.load.analysis_rows import load_study
from udviz.ui.load.caches import first_run
from udviz.ui.load.images import source_of
from udviz.ui.load.study import StudyError
from udviz.ui.runs import curves

ROOT = Path(__file__).parents[2]
STATUS = asdict(Status(state="running", stage="Training", fraction=0.5))
EVENT = {"event": "step", "epoch": 0, "step": 3, "losses": {"total": 0.5}, "learning_rate": 0.1}
EPOCH = {"event": "epoch", "epoch": 1, "step": 0, "validation_map": 0.5, "label_precision": [0.5]}
MARK = {
    **{"split": "test", "image_id": "a.jpg", "label": "cat", "target": 1},
    **{"direction": "extra", "verdict": "wrong", "reviewer": "Ada", "time": 1e9},
}
DEEP = ["[" * 100_000, '{"a":' * 100_000, "9" * 5_000]


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("UDVIZ_RUNS", str(folder))
    return folder


@pytest.fixture
def study(root):
    folder = write_study(root / "mine", names=["cat", "dog"])
    (folder / "teacher").mkdir()
    (folder / "teacher" / STATUS_FILE).write_text(json.dumps(STATUS))
    return folder


LINKS = [
    ("study.toml", "secret.toml"),
    ("log.txt", "secret.txt"),
    ("reviews.jsonl", "secret.jsonl"),
    ("analysis/labels.parquet", "secret.csv"),
    ("analysis", ""),
    ("teacher", ""),
    ("teacher/checkpoints", ""),
    ("teacher/events.jsonl", "secret.jsonl"),
    ("teacher/predictions/test/logits.npy", "secret.npy"),
    ("export", ""),
    (".lock", "secret.txt"),
]


def plant(study: Path, place: str, target: Path) -> None:
    path = study / place
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(target, path)


@pytest.mark.parametrize(("place", "secret"), LINKS)
def test_a_study_with_a_link_out_is_neither_shown_nor_touched(study, outside, place, secret):
    plant(study, place, outside.folder / secret)

    refused(lambda: load_study(study), names="must not be a link to another place")
    refused(lambda: study_path(study.parent, "mine"), names="must not be a link")
    refused(lambda: export.main([str(study), "--to", "tensorboard"]), names="must not be a link")


@pytest.mark.parametrize("page", ["overview.py", "pages/7_Runs.py"])
def test_a_page_says_why_it_does_not_show_a_study_with_a_link_out(
    study, outside, monkeypatch, page
):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # AppTest replaces it
    plant(study, "log.txt", outside.folder / "secret.txt")
    app = AppTest.from_file(str(ROOT / "overview.py"), default_timeout=60)

    watched(lambda: app.run() if page == "overview.py" else app.switch_page(page).run())

    assert not app.exception
    assert "must not be a link to another place" in app.error[0].value
    assert CANARY not in "".join(element.value for element in [*app.error, *app.code])


def test_a_study_with_a_link_out_is_not_continued_in_a_terminal_either(study, outside):
    plant(study, "teacher/checkpoints", outside.folder)
    asked = command.parse(["--out", str(study)], program="x", summary="x")

    def go_on():
        with command.study_at(asked, n_parts=1):
            pass

    refused(go_on, names="must not be a link")


def test_links_inside_the_folder_of_all_studies_are_followed(study):
    (study.parent / "kept").mkdir()
    plant(study, "teacher", study.parent / "kept")

    check_links(study)


def test_a_link_to_a_study_elsewhere_is_not_listed(root, tmp_path, outside):
    write_study(tmp_path / "elsewhere" / "study", names=["cat"])
    os.symlink(tmp_path / "elsewhere" / "study", root / "theirs")
    os.symlink(outside.folder, root / "secret")

    os.symlink(outside.folder / "secret.toml", root / "study.toml")
    (root / "half").mkdir()
    os.symlink(outside.folder / "secret.toml", root / "half" / "study.toml")

    assert watched(lambda: list_studies(root)) == []
    assert [entry.name for entry in watched(lambda: list_entries(root))] == ["half"]
    refused(lambda: study_path(root, "theirs"), names="is a link to another place")


@pytest.mark.parametrize("read", [read_status, read_events, tail])
@pytest.mark.parametrize("special", ["link", "fifo", "folder"])
def test_a_file_of_a_study_that_is_none_reads_as_none(tmp_path, outside, read, special):
    place = tmp_path / STATUS_FILE
    if special == "link":
        os.symlink(outside.folder / "secret.json", place)
    elif special == "fifo":
        os.mkfifo(place)
    else:
        place.mkdir()

    assert not watched(lambda: read(tmp_path if read is read_status else place))


def test_nothing_is_written_through_a_link(tmp_path, outside):
    doubted = ReviewedTarget("test", "a.jpg", "cat", 1)
    os.symlink(outside.folder / "secret.jsonl", tmp_path / REVIEWS_FILE)
    os.symlink(outside.folder / "secret.txt", tmp_path / "slot")

    with pytest.raises(OSError, match="symbolic link"):
        add_review(tmp_path, Review(of=doubted, direction="extra", verdict="wrong"))
    with pytest.raises(OSError, match="symbolic link"):
        append_event(tmp_path / REVIEWS_FILE, {})
    with pytest.raises(OSError, match="symbolic link"):
        try_lock(tmp_path / "slot")


@pytest.mark.parametrize("content", [*DEEP, "[]", "null", "\x00"], ids=lambda text: text[:6])
def test_a_status_of_any_depth_reads_as_none(tmp_path, content):
    (tmp_path / STATUS_FILE).write_text(content)

    assert watched(lambda: read_status(tmp_path)) is None


@FEW
@given(values=mutated(STATUS))
def test_any_status_is_read_or_reads_as_none(tmp_path, values):
    (tmp_path / STATUS_FILE).write_text(json.dumps(values))

    status = watched(lambda: read_status(tmp_path))

    assert status is None or status.state in ("lost", STATUS["state"])


@pytest.mark.parametrize("content", DEEP, ids=lambda text: text[:6])
def test_a_line_of_any_depth_costs_itself(tmp_path, content):
    (tmp_path / "events.jsonl").write_text(f"{content}\n{json.dumps(EVENT)}\n")

    assert watched(lambda: read_events(tmp_path / "events.jsonl")) == [EVENT]


@FEW
@given(first=mutated(EVENT), second=mutated(EPOCH))
def test_any_event_log_can_be_drawn_and_exported(tmp_path, first, second):
    run = RunDirectory(tmp_path)
    lines = [json.dumps(line) for line in (first, EVENT, second, EPOCH)]
    run.events.write_text("\n".join(lines))

    watched(lambda: curves.validation_scores([run]))
    watched(lambda: curves.losses(run))
    watched(lambda: curves.hardest_labels(run, n_labels=3))
    found = watched(lambda: scalars(read_events(run.events)))

    assert found["loss/total", 3] == 0.5


@FEW
@given(line=mutated(MARK))
def test_any_review_is_read_or_costs_itself(tmp_path, line):
    from udviz.ui.data.reviewing import reviews_table

    (tmp_path / REVIEWS_FILE).write_text(f"{json.dumps(line)}\n{json.dumps(MARK)}\n")

    marks = watched(lambda: standing_reviews(tmp_path))
    table = watched(lambda: reviews_table(tmp_path))

    assert (ReviewedTarget("test", "a.jpg", "cat", 1), "Ada") in marks
    assert len(table) == len(marks)


@pytest.mark.parametrize("when", [float("nan"), 1e300, -1e300, 10**400, 2**40])
def test_a_review_from_no_time_costs_itself(tmp_path, when):
    (tmp_path / REVIEWS_FILE).write_text(json.dumps(MARK | {"time": when}))

    assert watched(lambda: standing_reviews(tmp_path)) == {}


@pytest.mark.parametrize(
    "content", ["x = " + "[" * 100_000, "x = " + "9" * 5_000, "\x00", CANARY, "x = '\x1b[2J"]
)
def test_a_recipe_that_is_none_is_refused_in_one_line(study, content):
    (study / "study.toml").write_text(content)

    refused(lambda: read_recipe(study / "study.toml"), names="must be a TOML file")
    with pytest.raises(StudyError, match="cannot be read"):
        watched(lambda: load_study(study))


@pytest.mark.parametrize("seeds", ['["/../../../outside"]', '"../x"', "7", "[1.5]", "[true]", "{}"])
def test_no_seed_of_a_recipe_becomes_part_of_a_path_but_a_number(study, seeds):
    file = study / "study.toml"
    file.write_text(file.read_text().replace("seeds = [0]", f"seeds = {seeds}"))

    refused(lambda: first_run(load_study(study), "baseline"), names="whole numbers as seeds")


@pytest.mark.parametrize("side", ["999999", "-1", '"../x"', "[96]", "1e9"])
def test_no_side_of_an_image_claims_more_memory_than_there_is(study, side):
    file = study / "study.toml"
    file.write_text(file.read_text().replace("[data]", f"[data]\nside_px = {side}"))
    run = SimpleNamespace(manifest=SimpleNamespace(dataset_fingerprint="0a1b"))

    refused(lambda: source_of(load_study(study), run), names="names no side of the images")


TABLES = [
    ("labels", "label", 7),
    ("labels", "label", b"cat"),
    ("labels", "split", 1.5),
    ("labels", "difficulty", "=1+1"),
    ("labels", "causes", 7),
    ("labels", "difficulty_rank", "<script>"),
    ("models", "model", 7),
    ("models", "n_images", "many"),
    ("comparisons", "gain_low", "-"),
    ("labels", "supported", "yes"),
]


def vouched(study, table, content):
    """Other rows in the place of a table, with a manifest that vouches for them."""
    file, manifest = study / "analysis" / f"{table}.parquet", study / "analysis" / "manifest.json"
    pq.write_table(content, file)
    said = json.loads(manifest.read_text())
    said["tables"][table] |= {"bytes": file.stat().st_size, "crc32": file_crc32(file)}
    manifest.write_text(json.dumps(said))


@pytest.mark.parametrize(("table", "column", "value"), TABLES)
def test_a_table_with_another_kind_of_value_is_refused_by_its_column(study, table, column, value):
    rows = pd.read_parquet(study / "analysis" / f"{table}.parquet").assign(**{column: value})
    vouched(study, table, pa.Table.from_pandas(rows, preserve_index=False))

    said = refused(lambda: load_study(study), names="does not hold")

    assert column in said.replace("\\_", "_")


def test_a_table_that_holds_a_column_twice_is_refused(study):
    table = pq.read_table(study / "analysis" / "labels.parquet")
    vouched(study, "labels", table.append_column("label", table["label"]))

    refused(lambda: load_study(study), names="it holds a column twice")


@FEW
@given(data=st.data())
def test_a_damaged_table_is_read_or_refused(tmp_path, data):
    study = tmp_path / "runs" / "mine"
    if not study.exists():
        write_study(study, names=["cat", "dog"])
        shutil.copytree(study, tmp_path / "whole")
    whole = (tmp_path / "whole" / "analysis" / "labels.parquet").read_bytes()
    (study / "analysis" / "labels.parquet").write_bytes(data.draw(damaged(whole)))

    told(lambda: load_study(study))


@FEW
@given(content=damaged((RECIPES / "demo.toml").read_bytes()))
def test_a_damaged_recipe_is_read_or_refused(tmp_path, content):
    (tmp_path / "study.toml").write_bytes(content)

    told(lambda: read_recipe(tmp_path / "study.toml"))


@FEW
@given(settings=mutated(Recipe().model_dump(mode="json")))
def test_a_launch_goes_on_with_settings_that_pass_the_schema_or_not_at_all(tmp_path, settings):
    asked = {"recipe": "demo", "settings": settings, "command": ["rm", "-rf", "/"]}
    (tmp_path / LAUNCH_FILE).write_text(json.dumps(asked))

    plan = told(lambda: plan_of(tmp_path))

    assert plan is None or isinstance(plan.recipe, Recipe)


def test_a_launch_goes_on_with_no_recipe_from_elsewhere(root, outside):
    asked = {"recipe": str(outside.folder / "secret.toml"), "settings": {}}
    (root / "mine").mkdir()
    (root / "mine" / LAUNCH_FILE).write_text(json.dumps(asked))

    refused(lambda: plan_of(root / "mine"), names=LAUNCH_FILE)


TICKETS = [
    {"study": "../outside", "slots": ["cpu"]},
    {"study": "/etc", "slots": ["cpu"]},
    {"study": "", "slots": ["cpu"]},
    {"study": "..", "slots": ["cpu"]},
    {"study": 7, "slots": ["cpu"]},
    {"study": "mine", "slots": [["cpu"]]},
    {"study": "mine", "slots": [{}]},
    {"study": "mine", "slots": ["../cpu"]},
    {"study": "mine", "slots": 7},
]


@pytest.mark.parametrize("ticket", TICKETS, ids=repr)
def test_a_ticket_that_names_something_else_holds_nobody_up(root, outside, ticket):
    (outside.folder / STATUS_FILE).write_text(json.dumps(STATUS | {"state": "queued"}))
    outside.accept()
    (root / QUEUE).mkdir()
    (root / QUEUE / "00000001.json").write_text(json.dumps(ticket))

    assert watched(lambda: waiting(root)) == []
    watched(lambda: join_queue(root, "other", ["cpu"]))
    watched(lambda: leave_queue(root, "other"))


@pytest.mark.parametrize("content", DEEP, ids=lambda text: text[:6])
def test_a_ticket_of_any_depth_holds_nobody_up(root, content):
    (root / QUEUE).mkdir()
    (root / QUEUE / "00000001.json").write_text(content)

    assert watched(lambda: waiting(root)) == []


def test_what_is_only_linked_into_the_trash_is_neither_put_back_nor_deleted(root, outside):
    (root / TRASH / "0001").mkdir(parents=True)
    os.symlink(outside.folder, root / TRASH / "0002")
    os.symlink(outside.folder, root / TRASH / "0001" / "theirs")

    found = watched(lambda: discarded(root))
    assert [item.key for item in found] == ["0001/theirs"]
    restored = watched(lambda: restore(root, found[0]))
    assert restored.is_symlink()
    watched(lambda: empty(root))
    assert not (root / TRASH).exists()


@pytest.mark.parametrize("name", [".queue", "a b", "x" * 200, "-rf"])
def test_nothing_is_put_back_under_a_name_that_is_none(root, name):
    (root / TRASH / "0001" / name).mkdir(parents=True)

    refused(lambda: restore(root, discarded(root)[0]), names="The name of a study must")


def test_the_log_steers_no_terminal_and_no_page(tmp_path):
    (tmp_path / "log.txt").write_bytes(
        b"\x1b]0;owned\x07\x1b[2J\x9b31mred\n<script>alert(1)</script>\r\x00end\n\xff\xfe"
    )

    shown = tail(tmp_path / "log.txt")

    assert all(character.isprintable() for line in shown.split("\n") for character in line)


def test_a_log_of_a_gigabyte_costs_its_end_only(tmp_path):
    with (tmp_path / "log.txt").open("wb") as file:
        file.truncate(2**30)
        file.seek(0, 2)
        file.write(b"\nlast line\n")

    start = time.monotonic()
    assert tail(tmp_path / "log.txt") == "last line"
    assert time.monotonic() - start < 1


def test_a_study_of_the_program_itself_is_shown(study):
    assert load_study(study).splits == ["test", "val"]
    assert [run.name for run in list_runs(study)] == ["teacher"]
    assert list_studies(study.parent) == [study]
