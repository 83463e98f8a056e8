"""An analysis is there whole or not at all, and what does not agree with its schema is refused."""

import json
import subprocess
import sys
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.analysis.fake import fake_tables, rows_of, write_fake
from udviz.analysis.schema.tables import BY_NAME, TABLES, VERSION
from udviz.analysis.store import (
    AnalysisError,
    is_current,
    read_manifest,
    read_table,
    write_analysis,
)

NAMES = ("cat", "dog", "owl")


@pytest.fixture
def study(tmp_path):
    write_fake(tmp_path, NAMES, seeds=2)
    return tmp_path


def replaced(study, name, content):
    """Another file in the place of a table, with a manifest that vouches for it."""
    (study / "analysis" / f"{name}.parquet").write_bytes(content)
    path = study / "analysis" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tables"][name] |= {"bytes": len(content), "crc32": zlib.crc32(content)}
    path.write_text(json.dumps(manifest))


def parquet(table: pa.Table, **settings) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **settings)
    return sink.getvalue().to_pybytes()


def test_what_was_written_is_read_and_a_table_left_out_is_empty(study):
    tables = fake_tables(NAMES, seeds=2)

    for name, rows in tables.items():
        ordered = [c.name for c in BY_NAME[name].columns if c.name in rows]
        pd.testing.assert_frame_equal(read_table(study, name), rows[ordered], check_dtype=False)
    assert list(read_table(study, "problems")) == ["kind", "count", "fatal", "examples"]
    assert read_table(study, "problems").empty


def test_rows_and_columns_are_those_asked_for(study):
    found = read_table(
        study,
        "scores",
        columns=["label", "average_precision"],
        where=[("model", ["distilled"]), ("split", ["test"])],
    )

    assert list(found) == ["label", "average_precision"]
    assert found["label"].tolist() == list(NAMES)


def test_an_optional_column_that_is_not_known_is_not_there(tmp_path):
    labels = fake_tables(NAMES)["labels"].drop(columns="disagreement")

    write_analysis(tmp_path, {"labels": labels}, inputs={})

    assert "disagreement" not in read_table(tmp_path, "labels", columns=["label", "disagreement"])


def test_every_file_carries_the_meaning_and_unit_of_each_column(study):
    for table in TABLES:
        schema = pq.read_schema(study / "analysis" / f"{table.name}.parquet")
        for column in table.columns:
            if column.name in schema.names:
                about = schema.field(column.name).metadata
                assert about[b"meaning"].decode() == column.meaning
                assert about[b"unit"].decode() == column.unit


PROGRAM = """
import os, sys
from pathlib import Path
from tests.analysis.fake import rows_of
from udviz.analysis.store import AnalysisError, read_manifest, read_table, write_analysis

study, mode = Path(sys.argv[1]), sys.argv[2]
active, step, last = False, 0, 0

def watch(event, arguments):
    global step
    if active and event in CHANGES and str(study) in str(arguments):
        step += 1
        if step == last:
            if mode == "kill":
                os._exit(9)
            raise OSError(28, "No space left on device")

CHANGES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir"}
sys.addaudithook(watch)

def write(generation):
    global active
    tables = {
        "labels": rows_of("labels", label=[generation]),
        "scores": rows_of("scores", label=[generation]),
    }
    active = True
    try:
        write_analysis(study, tables, inputs={"generation": generation})
    finally:
        active = False

def generation_on_disk():
    found = {read_table(study, name)["label"][0] for name in ("labels", "scores")}
    found.add(read_manifest(study).inputs["generation"])
    assert len(found) == 1, found
    return found.pop()

write("first")
before, outcomes = "first", []
while True:
    last += 1
    generation, step = f"new {last}", 0
    child = os.fork()
    if child == 0:
        try:
            write(generation)
        except OSError:
            os._exit(9)
        os._exit(0)
    ended_whole = os.waitpid(child, 0)[1] == 0
    found = generation_on_disk()
    assert found in (before, generation), (last, found)
    outcomes.append(found == generation)
    before = found
    if ended_whole:
        break
assert outcomes[-1] and last > 20 and not outcomes[0], (last, outcomes)
n_steps, last = last - 1, 0
write("at last")
assert generation_on_disk() == "at last"
left = sorted(path.name for path in study.iterdir())
assert left == ["analysis"], left
print(n_steps, "steps")
"""


@pytest.mark.parametrize("mode", ["kill", "full disk"])
def test_a_writer_that_ends_between_any_two_steps_leaves_the_old_analysis_or_the_new_one(
    tmp_path, mode
):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path / "study"), mode],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.endswith("steps\n")


def test_tables_of_two_analyses_are_never_read_as_one(study):
    identity = read_manifest(study).identity
    assert len(read_table(study, "labels", identity=identity)) == 6
    write_analysis(study, fake_tables(NAMES), inputs={"drawn": "again"})

    with pytest.raises(AnalysisError, match="was replaced meanwhile"):
        read_table(study, "scores", identity=identity)


@pytest.mark.parametrize("content", ["", "{}", "[]", "nonsense", "[" * 100_000])
def test_a_manifest_that_is_none_is_refused_with_the_command_that_makes_it_anew(study, content):
    (study / "analysis" / "manifest.json").write_text(content)

    with pytest.raises(AnalysisError, match="is damaged") as refused:
        read_table(study, "labels")
    assert refused.value.command.startswith("python -m pipelines.study --recipe ")


def test_another_version_is_refused_by_its_number(study):
    path = study / "analysis" / "manifest.json"
    path.write_text(path.read_text().replace(f'"schema_version": {VERSION}', '"schema_version": 3'))

    with pytest.raises(AnalysisError, match=f"have schema version 3, this program reads {VERSION}"):
        read_manifest(study)


def test_a_study_without_an_analysis_says_so(tmp_path):
    with pytest.raises(AnalysisError, match="must hold an analysis, but has none"):
        read_table(tmp_path, "labels")


def test_a_table_of_another_analysis_is_refused(study, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write_fake(other, NAMES, rng=np.random.default_rng(7))
    content = (other / "analysis" / "labels.parquet").read_bytes()
    (study / "analysis" / "labels.parquet").write_bytes(content)

    with pytest.raises(AnalysisError, match=r"labels.parquet is not the file its manifest.json"):
        read_table(study, "labels")
    assert not is_current(study, inputs={"drawn": "for tests"})


def test_a_link_in_the_place_of_a_table_is_refused(study):
    path = study / "analysis" / "labels.parquet"
    path.rename(study / "elsewhere.parquet")
    path.symlink_to(study / "elsewhere.parquet")

    with pytest.raises(AnalysisError, match="cannot be read"):
        read_table(study, "labels")


def test_a_small_file_of_many_rows_is_refused_before_it_unfolds(study):
    n_rows = 30_000_000
    table = pa.table(
        {"split": pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, np.int8)), ["test"])}
    )
    schema = pq.read_schema(study / "analysis" / "label_counts.parquet")
    others = {
        name: pa.array(np.zeros(n_rows, np.int64))
        if schema.field(name).type == pa.int64()
        else table["split"]
        for name in schema.names
    }
    columns = {n: c.cast(pa.string()) if n in ("split", "label") else c for n, c in others.items()}
    content = parquet(pa.table(columns))
    assert len(content) < 2_000_000
    replaced(study, "label_counts", content)

    with pytest.raises(AnalysisError, match="unfolds to 60,000,000 cells"):
        read_table(study, "label_counts", columns=["split", "label"])


@pytest.mark.slow
def test_one_long_word_on_many_rows_is_refused(study):
    n_rows = 20_000
    rows = rows_of("problems", kind="x" * 100_000, count=np.zeros(n_rows, int))
    table = pa.Table.from_pandas(rows, preserve_index=False)
    replaced(study, "problems", parquet(table))

    with pytest.raises(AnalysisError, match=r"its column kind unfolds to 2,000,000,000 bytes"):
        read_table(study, "problems")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"supported": "yes"}, "its column supported does not hold boolean values"),
        ({"prevalence": np.inf}, r"its column prevalence must lie in \[0, 1\], got inf to inf"),
        ({"label": None}, "does not hold text|missing values"),
    ],
)
def test_odd_values_are_refused_when_read(study, changed, message):
    rows = read_table(study, "labels").assign(**changed)
    content = parquet(pa.Table.from_pandas(rows, preserve_index=False))
    replaced(study, "labels", content)

    with pytest.raises(AnalysisError, match=message):
        read_table(study, "labels")


def test_a_column_that_is_lacking_is_refused_when_read(study):
    rows = read_table(study, "labels").drop(columns="difficulty")
    replaced(study, "labels", parquet(pa.Table.from_pandas(rows, preserve_index=False)))

    with pytest.raises(AnalysisError, match="it lacks the column difficulty"):
        read_table(study, "labels", columns=["label"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="causes"), r"`labels` lacks \['causes'\]"),
        (lambda t: t.assign(extra=1.0), r"`labels` does not know \['extra'\]"),
        (lambda t: t.assign(positives=0.5), "`positives` of `labels` must hold integer values"),
        (lambda t: t.assign(label=np.nan), "`label` of `labels` must hold text values"),
        (lambda t: t.assign(label="cat"), "The key of `labels` must be unique"),
        (lambda t: t.assign(prevalence=1.5), r"prevalence must lie in \[0, 1\], got 1.5 to 1.5"),
    ],
)
def test_a_table_that_is_not_what_the_schema_says_is_not_written(study, change, message):
    before = read_manifest(study)
    tables = fake_tables(NAMES)

    with pytest.raises(ValueError, match=message):
        write_analysis(study, tables | {"labels": change(tables["labels"])}, inputs={})
    assert read_manifest(study) == before


def test_a_table_or_column_that_nobody_knows_is_refused_by_name(study):
    with pytest.raises(ValueError, match="got 'nonsense'"):
        read_table(study, "nonsense")
    with pytest.raises(ValueError, match=r"The table `labels` has the columns .* got 'nonsense'"):
        read_table(study, "labels", columns=["nonsense"])
    with pytest.raises(ValueError, match=r"got \['nonsense'\]"):
        write_analysis(study, {"nonsense": pd.DataFrame()}, inputs={})


def test_an_analysis_is_current_for_its_own_inputs_alone(study):
    assert is_current(study, inputs={"drawn": "for tests"})
    assert not is_current(study, inputs={"drawn": "otherwise"})
    (study / "analysis" / "gap.parquet").unlink()
    assert not is_current(study, inputs={"drawn": "for tests"})
