import gc

import numpy as np
import psutil
import pytest

from tests.studies.disks import small_disk
from udviz.scratch import empty_columns


@pytest.mark.parametrize("in_memory_up_to", [0, 10_000])
def test_columns_are_contiguous_and_writable(in_memory_up_to):
    array = empty_columns((50, 4), np.float32, in_memory_up_to=in_memory_up_to)
    array[:, 2] = np.arange(50)

    assert array.shape == (50, 4)
    assert array.dtype == np.float32
    assert array[:, 2].flags.c_contiguous
    np.testing.assert_array_equal(array[:, 2], np.arange(50))


def test_only_a_large_matrix_lies_in_a_file():
    assert not isinstance(empty_columns((50, 4), np.float64, in_memory_up_to=1600), np.memmap)
    assert isinstance(empty_columns((50, 4), np.float64, in_memory_up_to=1599), np.memmap)


def test_the_file_is_gone_with_the_matrix(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    array = empty_columns((1000, 4), np.float64, in_memory_up_to=0)

    assert list(tmp_path.iterdir()) == []  # has no name, so that not even a kill leaves it behind
    assert any(str(tmp_path) in m.path for m in psutil.Process().memory_maps())
    del array
    gc.collect()
    assert not any(str(tmp_path) in m.path for m in psutil.Process().memory_maps())


def test_a_full_disk_is_an_error_and_does_not_end_the_process(tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk", n_bytes=2**20) as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk.path))

        with pytest.raises(OSError, match="No space left"):
            empty_columns((2**20, 2), np.int8, in_memory_up_to=0)

        empty_columns((2**19, 2), np.int8, in_memory_up_to=0)[:] = 1
