import errno
import itertools
import json
import os
import pickle
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from udviz.training.checkpoint import (
    DIGESTS,
    STATE,
    WEIGHTS,
    Checkpoint,
    is_whole,
    load_checkpoint,
    load_newest,
    recover,
    save_checkpoint,
)

WRITES = ((os, "fsync"), (Path, "rename"), (Path, "mkdir"), (shutil, "rmtree"))


def checkpoint(number):
    """One that can be told by its number."""
    weights = {"w": torch.full((2, 3), float(number)), "n": torch.tensor(number)}
    return Checkpoint(weights=weights, state={"epoch": number, "moments": torch.ones(number + 1)})


def number_of(loaded):
    return loaded.state["epoch"]


def fail_at(monkeypatch, count, failure):
    """Call ``failure`` in place of the ``count``-th call that changes the disk."""
    calls = itertools.count(1)

    def watched(original):
        def call(*args, **kwargs):
            if next(calls) == count:
                failure()
            return original(*args, **kwargs)

        return call

    for owner, name in WRITES:
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))


def saves_until_crash(folder, name, number, count):
    """Save in a child process that dies at call ``count``; whether it got to the end."""
    child = os.fork()
    if child == 0:
        with pytest.MonkeyPatch.context() as patch:
            fail_at(patch, count, lambda: os._exit(1))
            save_checkpoint(folder, name, checkpoint(number))
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def saves_until_interrupt(folder, name, number, count):
    """Save, with Ctrl-C at call ``count``; whether it got to the end."""

    def interrupt():
        raise KeyboardInterrupt

    try:
        with pytest.MonkeyPatch.context() as patch:
            fail_at(patch, count, interrupt)
            save_checkpoint(folder, name, checkpoint(number))
    except KeyboardInterrupt:
        return False
    return True


ENDINGS = pytest.mark.parametrize("saves", [saves_until_crash, saves_until_interrupt])


def test_what_is_saved_is_loaded(tmp_path):
    save_checkpoint(tmp_path, "last", checkpoint(3))

    loaded = load_checkpoint(tmp_path / "last")

    assert torch.equal(loaded.weights["w"], torch.full((2, 3), 3.0))
    assert loaded.weights["n"] == 3
    assert number_of(loaded) == 3
    assert torch.equal(loaded.state["moments"], torch.ones(4))


def test_channels_last_weights_keep_their_values(tmp_path):
    weight = torch.arange(24.0).view(2, 3, 2, 2).to(memory_format=torch.channels_last)
    save_checkpoint(tmp_path, "last", Checkpoint(weights={"w": weight}, state={}))

    assert torch.equal(load_checkpoint(tmp_path / "last").weights["w"], weight)


def test_the_last_but_one_stays_as_previous(tmp_path):
    for number in range(3):
        save_checkpoint(tmp_path, "last", checkpoint(number))

    assert number_of(load_checkpoint(tmp_path / "last")) == 2
    assert number_of(load_checkpoint(tmp_path / "previous")) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last", "previous"]


def test_best_is_replaced_and_leaves_nothing_else(tmp_path):
    for number in range(2):
        save_checkpoint(tmp_path, "best", checkpoint(number))

    assert number_of(load_checkpoint(tmp_path / "best")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


@ENDINGS
def test_a_save_that_ends_at_any_point_leaves_a_whole_last(tmp_path, saves):
    for number in (1, 2):
        save_checkpoint(tmp_path, "last", checkpoint(number))

    count, done = 0, False
    while not done:
        count += 1
        done = saves(tmp_path, "last", 3, count)
        assert number_of(load_newest(tmp_path)) in (1, 2, 3)
        if number_of(load_newest(tmp_path)) == 1:  # both others were under way
            assert not (tmp_path / "last").exists()

    assert count > 8
    assert number_of(load_newest(tmp_path)) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last", "previous"]


@ENDINGS
def test_a_save_that_ends_at_any_point_leaves_a_whole_best(tmp_path, saves):
    save_checkpoint(tmp_path, "best", checkpoint(1))

    count, done = 0, False
    while not done:
        count += 1
        done = saves(tmp_path, "best", 2, count)
        recover(tmp_path)
        assert number_of(load_checkpoint(tmp_path / "best")) in (1, 2)

    assert count > 8
    assert number_of(load_checkpoint(tmp_path / "best")) == 2


def test_a_full_disk_keeps_the_old_checkpoint_and_leaves_no_draft(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, "last", checkpoint(1))

    def disk_is_full():
        raise OSError(errno.ENOSPC, "No space left on device")

    for count in (2, 3, 4):  # the first call makes the folder
        with monkeypatch.context() as patch:
            fail_at(patch, count, disk_is_full)
            with pytest.raises(OSError, match="No space left"):
                save_checkpoint(tmp_path, "last", checkpoint(2))

        assert number_of(load_newest(tmp_path)) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["last"]


@pytest.mark.parametrize("name", [WEIGHTS, STATE, DIGESTS])
def test_a_file_cut_at_any_byte_is_refused_and_the_checkpoint_before_is_gone_on_from(
    tmp_path, name
):
    for number in (1, 2):
        save_checkpoint(tmp_path, "last", checkpoint(number))
    file = tmp_path / "last" / name
    whole = file.read_bytes()

    for length in range(0, len(whole), 10):
        file.write_bytes(whole[:length])
        assert not is_whole(tmp_path / "last")
        with pytest.raises(ValueError, match="must be a whole checkpoint"):
            load_checkpoint(tmp_path / "last")
    assert number_of(load_newest(tmp_path)) == 1


@pytest.mark.parametrize("name", [WEIGHTS, STATE, DIGESTS])
def test_a_missing_file_is_refused(tmp_path, name):
    save_checkpoint(tmp_path, "last", checkpoint(1))
    (tmp_path / "last" / name).unlink()

    with pytest.raises(ValueError, match="must be a whole checkpoint"):
        load_checkpoint(tmp_path / "last")


def test_a_flipped_bit_is_refused(tmp_path):
    save_checkpoint(tmp_path, "last", checkpoint(1))
    file = tmp_path / "last" / WEIGHTS
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)

    assert not is_whole(tmp_path / "last")


def damage(directory):
    (directory / STATE).write_bytes(b"")


def test_previous_is_used_when_last_is_damaged(tmp_path):
    for number in (1, 2):
        save_checkpoint(tmp_path, "last", checkpoint(number))
    damage(tmp_path / "last")

    assert number_of(load_newest(tmp_path)) == 1


def test_a_damaged_last_does_not_push_out_the_whole_previous(tmp_path):
    for number in (1, 2):
        save_checkpoint(tmp_path, "last", checkpoint(number))
    damage(tmp_path / "last")

    save_checkpoint(tmp_path, "last", checkpoint(3))

    assert number_of(load_checkpoint(tmp_path / "last")) == 3
    assert number_of(load_checkpoint(tmp_path / "previous")) == 1


def test_without_a_whole_checkpoint_there_is_none(tmp_path):
    assert load_newest(tmp_path) is None

    save_checkpoint(tmp_path, "last", checkpoint(1))
    damage(tmp_path / "last")

    assert load_newest(tmp_path) is None


class RunsCode:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path):
    trap = tmp_path / "trap"
    save_checkpoint(tmp_path, "last", checkpoint(1))
    state = tmp_path / "last" / STATE
    torch.save({"epoch": RunsCode(trap)}, state)
    digests = tmp_path / "last" / DIGESTS
    forged = json.loads(digests.read_text()) | {STATE: sha256(state.read_bytes()).hexdigest()}
    digests.write_text(json.dumps(forged))

    with pytest.raises(ValueError, match="must hold plain values and tensors only"):
        load_checkpoint(tmp_path / "last")

    assert not trap.exists()
    pickle.loads(pickle.dumps(RunsCode(trap)))
    assert trap.exists(), "the trap does not work"
