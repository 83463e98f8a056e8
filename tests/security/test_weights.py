"""Weights and checkpoints of somebody else: pickles, lying headers, files that grow."""

import hashlib
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save as safetensors_of

from tests.security.attacks import FEW, damaged, refused, told
from udviz.method.backbones import build_backbone
from udviz.method.weights import read_weights
from udviz.recipe.schema import Recipe
from udviz.studies.models import Run
from udviz.training.checkpoint import (
    DIGESTS,
    STATE,
    WEIGHTS,
    Checkpoint,
    load_checkpoint,
    load_newest,
    save_checkpoint,
)
from udviz.training.networks import build_network

pytestmark = pytest.mark.filterwarnings("ignore:Detected pickle protocol")
PLAIN = {"a.weight": torch.zeros(2, 3)}


def torch_bytes(value, **how):
    file = io.BytesIO()
    torch.save(value, file, **how)
    return file.getvalue()


def safetensors_header(header, n_bytes=24):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(n_bytes)


def grown(factor=2_000):
    """What PyTorch packs, but compressed: a few kB that would become megabytes."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(torch_bytes({"a": torch.zeros(1_000, factor)}))) as whole,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as squeezed,
    ):
        for record in whole.infolist():
            squeezed.writestr(record.filename, whole.read(record))
    return packed.getvalue()


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
@pytest.mark.parametrize("form", ["bare", "in a dictionary", "zipped", "legacy", "as a tensor's"])
def test_a_pickle_offered_as_weights_is_never_loaded(tmp_path, payload, suffix, form):
    content = {
        "bare": lambda: pickle.dumps(payload),
        "in a dictionary": lambda: pickle.dumps({"a.weight": payload}),
        "zipped": lambda: torch_bytes({"a.weight": payload}),
        "legacy": lambda: torch_bytes(payload, _use_new_zipfile_serialization=False),
        "as a tensor's": lambda: pickle.dumps(np.array([payload], dtype=object)),
    }[form]()
    (tmp_path / f"weights{suffix}").write_bytes(content)

    refused(lambda: read_weights(tmp_path / f"weights{suffix}"), names="weights")


@pytest.mark.parametrize(
    "value",
    [
        {1: torch.zeros(2)},
        {"a": [torch.zeros(2)]},
        [torch.zeros(2)],
        torch.zeros(2),
        {"state_dict": PLAIN},
        7,
    ],
    ids=repr,
)
def test_what_is_no_state_dict_is_refused(tmp_path, value):
    (tmp_path / "weights.pth").write_bytes(torch_bytes(value))

    refused(lambda: read_weights(tmp_path / "weights.pth"), names="must hold a state dict")


HEADERS = {
    "beyond the end": {"a": {"dtype": "F32", "shape": [9, 9], "data_offsets": [0, 324]}},
    "overlapping": {
        "a": {"dtype": "F32", "shape": [6], "data_offsets": [0, 24]},
        "b": {"dtype": "F32", "shape": [6], "data_offsets": [0, 24]},
    },
    "another shape": {"a": {"dtype": "F32", "shape": [7], "data_offsets": [0, 24]}},
    "overflow": {"a": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 24]}},
    "negative": {"a": {"dtype": "F32", "shape": [-6], "data_offsets": [0, 24]}},
    "no such type": {"a": {"dtype": "O", "shape": [6], "data_offsets": [0, 24]}},
    "no header": b"x" * 30,
    "nested": b"[" * 100_000,
}


@pytest.mark.parametrize("kind", HEADERS)
def test_a_safetensors_file_whose_header_lies_is_refused(tmp_path, kind):
    (tmp_path / "weights.safetensors").write_bytes(safetensors_header(HEADERS[kind]))

    refused(lambda: read_weights(tmp_path / "weights.safetensors"), names="weights.safetensors")


def test_a_header_of_a_terabyte_is_refused(tmp_path):
    (tmp_path / "weights.safetensors").write_bytes((2**40).to_bytes(8, "little") + b"{}")

    refused(lambda: read_weights(tmp_path / "weights.safetensors"))


def test_weights_that_would_grow_are_refused(tmp_path):
    (tmp_path / "weights.pth").write_bytes(grown())
    assert (tmp_path / "weights.pth").stat().st_size < 50_000

    refused(lambda: read_weights(tmp_path / "weights.pth"), names="weights.pth")


@pytest.mark.parametrize("special", ["fifo", "folder", "zero"])
def test_weights_that_are_no_plain_file_are_refused_and_not_waited_for(tmp_path, special):
    place = tmp_path / "weights.pth"
    if special == "fifo":
        os.mkfifo(place)
    elif special == "folder":
        place.mkdir()
    else:
        os.symlink("/dev/zero", place)

    refused(lambda: read_weights(place))


def test_names_of_any_length_do_not_fill_the_message(tmp_path):
    (tmp_path / "weights.pth").write_bytes(torch_bytes({"x" * 100_000: torch.zeros(1)}))

    refused(lambda: build_backbone("small", weights=tmp_path / "weights.pth"))


@pytest.mark.parametrize("form", ["zipped", "bare", "junk"])
def test_a_pickle_left_where_torchvision_keeps_its_weights_is_never_loaded(
    tmp_path, monkeypatch, payload, form
):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    content = torch_bytes({"a": payload}) if form == "zipped" else pickle.dumps(payload)
    content = content if form != "junk" else b"an HTML error page"
    (tmp_path / "checkpoints" / "squeezenet1_1-b8a52dc0.pth").write_bytes(content)

    sentence = refused(lambda: build_backbone("squeezenet1_1", weights="imagenet"))
    assert "Delete that copy" in sentence


def test_weights_beside_the_roots_are_refused(tmp_path, monkeypatch, outside):
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("UDVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("UDVIZ_RUNS", str(tmp_path / "runs"))
    hostile = {"teacher": {"weights": str(outside.folder / "secret.npy")}}

    sentence = refused(lambda: build_network(Recipe(**hostile), Run("teacher", 0), 2))
    assert sentence.startswith("--teacher.weights: must lie in")


@FEW
@given(data=st.data())
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_weights_are_read_or_refused(tmp_path, suffix, data):
    whole = torch_bytes(PLAIN) if suffix == ".pth" else safetensors_of(PLAIN)
    (tmp_path / f"weights{suffix}").write_bytes(data.draw(damaged(whole)))

    told(lambda: read_weights(tmp_path / f"weights{suffix}"))


@pytest.fixture
def checkpoints(tmp_path):
    save_checkpoint(tmp_path / "run", "last", Checkpoint(weights=PLAIN, state={"epoch": 1}))
    return tmp_path / "run"


def replace(folder, name, content):
    """Put ``content`` into a checkpoint whose digests agree with it."""
    (folder / name).write_bytes(content)
    digests = json.loads((folder / DIGESTS).read_text())
    digests[name] = hashlib.sha256(content).hexdigest()
    (folder / DIGESTS).write_text(json.dumps(digests))


@pytest.mark.parametrize("load", [load_newest, lambda folder: load_checkpoint(folder / "last")])
@pytest.mark.parametrize("name", [STATE, WEIGHTS])
def test_a_checkpoint_with_a_pickle_in_it_is_never_loaded(checkpoints, payload, name, load):
    replace(checkpoints / "last", name, torch_bytes({"epoch": payload}))

    refused(lambda: load(checkpoints), names="Do not use this checkpoint")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", grown()], ids=len)
@pytest.mark.parametrize("name", [STATE, WEIGHTS])
def test_a_checkpoint_of_something_else_is_refused(checkpoints, name, content):
    replace(checkpoints / "last", name, content)

    refused(lambda: load_newest(checkpoints), names="Do not use this checkpoint")


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", '{"../secret": "x"}', "null"])
def test_digests_that_are_none_make_a_checkpoint_damaged(checkpoints, content):
    (checkpoints / "last" / DIGESTS).write_text(content)

    assert load_newest(checkpoints) is None
    refused(lambda: load_checkpoint(checkpoints / "last"), names="must be a whole checkpoint")


def test_a_checkpoint_of_the_program_itself_is_loaded(checkpoints):
    assert load_newest(checkpoints).state == {"epoch": 1}
