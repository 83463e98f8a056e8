"""COCO's JSON and Pascal VOC's XML that were made to do harm."""

import json
import os
import shutil
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.attacks import CANARY, FEW, damaged, mutated, refused, told, watched
from tests.security.datasets import annotation, instances, write_dataset
from udviz.data.problems import DataProblems
from udviz.data.source import load_dataset

DTD = '<!DOCTYPE a [<!ENTITY x "{}">{}]>'
LAUGHS = "".join(f'<!ENTITY x{i} "{f"&x{i - 1};" * 10}">' for i in range(1, 12))


def read(config):
    return load_dataset(config.model_copy(update={"bad_images": "set_aside"}))


def fresh(folder, kind):
    """A data set in a folder that was emptied of the last example's."""
    shutil.rmtree(folder / "data", ignore_errors=True)
    return write_dataset(folder / "data", kind)


@pytest.fixture
def coco(tmp_path):
    return write_dataset(tmp_path / "data", "coco")


@pytest.fixture
def voc(tmp_path):
    return write_dataset(tmp_path / "data", "voc")


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"images":' * 50_000,
        '{"images": ' + "9" * 5_000 + "}",
        "{}",
        "[]",
        "null",
        '{"images": {}, "annotations": [], "categories": []}',
        '{"images": [], "annotations": [], "categories": []}',
        '{"images": [' + "{}," * 100_000 + "{}]}",
    ],
    ids=lambda content: content[:14],
)
def test_what_is_no_instances_file_is_refused_in_one_line(coco, content):
    (coco.folder / "train.json").write_text(content)

    refused(lambda: read(coco))


@pytest.mark.parametrize(
    "box",
    [
        [10**400, 0, 1, 1],
        [0, 0, 10**400, 10**400],
        [float("nan")] * 4,
        [float("-inf"), 0, float("inf"), 1],
        [1e308, 1e308, 1e308, 1e308],
        [[1], 0, 1, 1],
        {"a": 1, "b": 1, "c": 1, "d": 1},
        "1234567",
        [0] * 100_000,
    ],
    ids=lambda box: repr(box)[:14],
)
def test_a_box_that_is_none_is_reported_and_its_label_kept(coco, box):
    content = instances(["a", "b"])
    content["annotations"][0]["bbox"] = box
    (coco.folder / "train.json").write_text(json.dumps(content))

    dataset = watched(lambda: read(coco))

    assert dataset.targets.tolist() == [[1], [0], [1]]
    assert of_annotations(dataset) == ["unusable box"]


def of_annotations(dataset):
    """Kinds of problems, but for what any data set this small has."""
    kinds = [problem.kind for problem in dataset.problems]
    return [kind for kind in kinds if not kind.startswith("label without")]


@pytest.mark.parametrize("shape", ["polygon", "rle", "nested"])
def test_outlines_are_dropped_whatever_they_claim_to_be(coco, shape):
    outline = {
        "polygon": [[1e308] * 100_000],
        "rle": {"counts": "x" * 100_000, "size": [10**9, 10**9]},
        "nested": json.loads("[" * 300 + "]" * 300),
    }
    content = instances(["a", "b"])
    content["annotations"][0]["segmentation"] = outline[shape]
    (coco.folder / "train.json").write_text(json.dumps(content))

    assert of_annotations(watched(lambda: read(coco))) == []


@FEW
@given(content=mutated(instances(["a", "b"])))
def test_any_json_is_read_or_refused(tmp_path, content):
    config = fresh(tmp_path, "coco")
    (config.folder / "train.json").write_text(json.dumps(content))

    told(lambda: read(config))


@FEW
@given(content=damaged(json.dumps(instances(["a", "b"])).encode()))
def test_a_damaged_instances_file_is_read_or_refused(tmp_path, content):
    config = fresh(tmp_path, "coco")
    (config.folder / "train.json").write_bytes(content)

    told(lambda: read(config))


@pytest.mark.parametrize(
    "head",
    [
        DTD.format("lol", LAUGHS),
        DTD.format("y" * 100_000, ""),
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file://{outside}/secret.txt">]>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "file://{outside}/secret.xml">%x;]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/evil.dtd">',
        '<!DOCTYPE a PUBLIC "x" "file://{outside}/secret.xml">',
    ],
    ids=["laughs", "quadratic", "external", "parameter", "url", "public"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-7"])
def test_an_entity_is_never_put_in(voc, outside, head, encoding):
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    content = declared + head.replace("{outside}", str(outside.folder)) + annotation("&x;")
    raw = content.replace("&amp;x;", "&x;" * 1_000).encode(encoding)
    (voc.folder / "Annotations" / "a.xml").write_bytes(raw)

    tracemalloc.start()
    with pytest.raises(DataProblems, match="unreadable annotation") as caught:
        watched(lambda: load_dataset(voc))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert CANARY not in str(caught.value)
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "content",
    [
        "<a>" * 50_000,
        "<a>" * 20_000 + "</a>" * 20_000,
        annotation("x" * 100_000),
        annotation().replace("<xmin>1", "<xmin>" + "9" * 100_000),
        annotation().replace("<xmin>1", "<xmin>nan"),
        annotation().replace("<width>16", "<width>1e999"),
        annotation().replace("<width>16", "<width>" + "x" * 100_000),
        '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></a>',
        '<?xml-stylesheet href="http://127.0.0.1:9/x"?>' + annotation(),
    ],
    ids=lambda content: content[:12] + content[-12:],
)
def test_any_xml_is_read_or_refused(voc, content):
    (voc.folder / "Annotations" / "a.xml").write_text(content)

    told(lambda: read(voc))


@FEW
@given(content=damaged(annotation().encode()))
def test_a_damaged_annotation_is_read_or_refused(tmp_path, content):
    config = fresh(tmp_path, "voc")
    (config.folder / "Annotations" / "a.xml").write_bytes(content)

    told(lambda: read(config))


@FEW
@given(lists=st.lists(st.binary(max_size=60), min_size=4, max_size=4))
def test_any_lists_are_read_or_refused(tmp_path, lists):
    config = fresh(tmp_path, "voc")
    for name, content in zip(("train", "val", "test", "cat_train"), lists, strict=True):
        (config.folder / "ImageSets" / "Main" / f"{name}.txt").write_bytes(content)

    told(lambda: read(config))


@pytest.mark.parametrize("special", ["fifo", "folder"])
def test_an_annotation_that_is_no_plain_file_is_missing_and_not_waited_for(voc, special):
    file = voc.folder / "Annotations" / "a.xml"
    file.unlink()
    os.mkfifo(file) if special == "fifo" else file.mkdir()

    with pytest.raises(DataProblems, match="missing annotation"):
        watched(lambda: load_dataset(voc))


@pytest.mark.parametrize("name", ["train", "cat_train"])
def test_a_list_that_is_a_named_pipe_is_refused_and_not_waited_for(voc, name):
    file = voc.folder / "ImageSets" / "Main" / f"{name}.txt"
    file.unlink(missing_ok=True)
    (voc.folder / "Annotations").rename(voc.folder / "none")
    os.mkfifo(file)

    refused(lambda: read(voc))
