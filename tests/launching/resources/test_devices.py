import pytest

from udviz.launching.resources.devices import environment_of, n_slots_for, slots_for


@pytest.mark.parametrize(
    ("gpus", "device", "slots"),
    [
        ("0,1", "auto", ("gpu-0", "gpu-1")),
        ("GPU-4f3a, 2", "cuda", ("gpu-GPU-4f3a", "gpu-2")),
        ("0,1", "cpu", ("cpu",)),
        ("", "auto", ("cpu",)),
        ("-1", "auto", ("cpu",)),
    ],
)
def test_one_slot_per_gpu_and_one_for_a_machine_without(monkeypatch, gpus, device, slots):
    monkeypatch.setenv("UDVIZ_GPUS", gpus)

    assert slots_for(device) == slots


def test_the_machine_is_asked_where_nobody_says_it(monkeypatch, tmp_path):
    monkeypatch.delenv("UDVIZ_GPUS", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: H100 (UUID: x)'\necho 'GPU 1: H100 (UUID: y)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    assert slots_for("auto") == ("gpu-0", "gpu-1")


def test_a_program_is_kept_on_its_gpu():
    assert environment_of(["gpu-3"]) == {"CUDA_VISIBLE_DEVICES": "3"}
    assert environment_of(["gpu-0", "gpu-3"]) == {"CUDA_VISIBLE_DEVICES": "0,3"}
    assert environment_of(["cpu"]) == {}


def test_a_run_takes_a_gpu_per_process_and_no_more_than_there_are():
    assert n_slots_for(2, ["gpu-0", "gpu-1"]) == 2
    assert n_slots_for(8, ["cpu"]) == 1
    with pytest.raises(ValueError, match=r"--placement.processes: must be at most 2, .* got 3"):
        n_slots_for(3, ["gpu-0", "gpu-1"])
