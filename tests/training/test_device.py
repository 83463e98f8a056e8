import sys
from resource import RUSAGE_SELF, getrusage

import pytest
import torch

from udviz.recipe.schema import HardwareConfig
from udviz.training import device
from udviz.training.device import resolve


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def one_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_device", lambda chosen: None)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)


@pytest.mark.usefixtures("no_gpu")
def test_cuda_without_a_gpu_is_refused():
    with pytest.raises(ValueError, match=r"`hardware.device` must be cpu or auto here, got cuda"):
        resolve(HardwareConfig(device="cuda"))


@pytest.mark.usefixtures("no_gpu")
def test_auto_takes_the_cpu_where_there_is_no_gpu():
    assert resolve(HardwareConfig()).device == torch.device("cpu")


@pytest.mark.usefixtures("one_gpu")
def test_auto_takes_the_gpu_and_cpu_does_not():
    assert resolve(HardwareConfig()).device == torch.device("cuda", 0)
    assert resolve(HardwareConfig(device="cpu")).device == torch.device("cpu")


@pytest.mark.usefixtures("one_gpu")
def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")

    with pytest.raises(ValueError, match="`--processes` must be at most the 1 GPUs"):
        resolve(HardwareConfig())


@pytest.mark.usefixtures("one_gpu")
def test_bf16_on_a_gpu_without_it_is_refused():
    with pytest.raises(ValueError, match=r"`hardware.precision` must be fp32 or auto"):
        resolve(HardwareConfig(precision="bf16"))


@pytest.mark.parametrize("native", [True, False])
def test_auto_computes_in_bf16_only_where_that_is_native(monkeypatch, native):
    monkeypatch.setattr(device, "_computes_bf16", lambda chosen: native)

    assert resolve(HardwareConfig(device="cpu")).bf16 is native
    assert resolve(HardwareConfig(device="cpu", precision="bf16")).bf16
    assert not resolve(HardwareConfig(device="cpu", precision="fp32")).bf16


@pytest.mark.parametrize(
    ("precision", "dtype"), [("bf16", torch.bfloat16), ("fp32", torch.float32)]
)
def test_autocast_computes_in_the_chosen_precision(precision, dtype):
    compute = resolve(HardwareConfig(device="cpu", precision=precision))

    with compute.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)

    assert product.dtype == dtype


def test_the_number_of_threads_is_set():
    resolve(HardwareConfig(device="cpu", threads=2))

    assert torch.get_num_threads() == 2


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_what_a_step_frees_is_there_for_the_next():
    resolve(HardwareConfig(device="cpu"))

    def step():  # 31,250 pages
        [torch.empty(16_000_000, dtype=torch.uint8).fill_(1) for _ in range(8)]

    before = getrusage(RUSAGE_SELF).ru_minflt
    for _ in range(10):
        step()
    fresh = getrusage(RUSAGE_SELF).ru_minflt - before
    assert fresh < 3 * 31_250  # until there are holes of the right size, some find none
