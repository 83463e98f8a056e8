import json

import numpy as np
import pytest
import tomli_w

from udviz.launching.resources.cost import (
    TRAINING,
    Cost,
    Speed,
    cost_of,
    device_of,
    seconds_of,
    speeds_here,
)
from udviz.recipe.backbones import backbone_facts
from udviz.recipe.files import parse_recipe

IMAGES = {"train": 1000, "val": 100, "test": 200}
RESNET = backbone_facts()["resnet18"].operations
FORWARD = {"baseline": RESNET, "teacher": backbone_facts()["resnet50"].operations}


def recipe(**more):
    network = {"backbone": "resnet18", "epochs": 4, "batch_size": 32}
    values = {
        "data": {"kind": "table", "root": "/x", "side_px": 224},
        "teacher": {**network, "backbone": "resnet50", "epochs": 2},
        "student": network,
        "students": {"baseline": {"method": "none"}},
    }
    return parse_recipe(values | more, source="This")


def test_one_network_takes_three_passes_an_image_and_one_to_validate():
    cost = cost_of(recipe(), IMAGES)

    assert cost.networks == 1
    assert cost.operations == {"resnet18": RESNET * (4 * 1000 * TRAINING + 4 * 100 + 1300)}


def test_a_taught_student_takes_a_pass_of_its_teacher_too_and_seeds_multiply():
    both = {"baseline": {"method": "none"}, "kd": {"method": "kd"}}
    alone = cost_of(recipe(), IMAGES).operations["resnet18"]
    teacher = FORWARD["teacher"] * (2 * 1000 * TRAINING + 2 * 100 + 1300)

    cost = cost_of(recipe(students=both, seeds=[0, 1]), IMAGES)

    assert cost.networks == 5
    taught = alone + FORWARD["teacher"] * 4 * 1000
    both = {"resnet50": teacher, "resnet18": 2 * alone + 2 * taught}
    assert cost.operations == pytest.approx(both)


def test_half_the_side_is_a_quarter_of_the_work():
    small = recipe(data={"kind": "table", "root": "/x", "side_px": 112})

    whole = cost_of(recipe(), IMAGES).operations["resnet18"]
    assert cost_of(small, IMAGES).operations == {"resnet18": whole / 4}
    assert cost_of(small, IMAGES).memory < cost_of(recipe(), IMAGES).memory


def test_memory_is_near_what_a_step_of_resnet18_was_seen_to_take():
    assert cost_of(recipe(), IMAGES).memory == pytest.approx(1.84e9, rel=0.1)  # peak RSS, 32 images


def test_of_a_backbone_of_timm_nothing_is_known():
    assert cost_of(recipe(student={"backbone": "timm:vit_tiny_patch16_224"}), IMAGES) is None


def write_run(
    root, *, backbone="resnet18", rates=(10.0,), device="cpu", method="none", seed=0, threads=1
):
    study = root / f"{backbone}-{method}-{device}"
    run = study / f"baseline-{seed}"
    run.mkdir(parents=True)
    (study / "study.toml").write_text('name = "x"\n')
    (run / "status.json").write_text("{}")
    settings = {
        "data": {"side_px": 224},
        "network": {"backbone": backbone},
        "student": {"method": method},
    }
    record = {"device": device, "threads": threads, "processes": 1, "settings": settings}
    (run / "run.toml").write_text(tomli_w.dumps(record))
    events = [{"event": "step", "images_per_second": rate} for rate in rates]
    (run / "events.jsonl").write_text("\n".join(map(json.dumps, [*events, {"event": "epoch"}])))


def resnet_speed(root, device="cpu"):
    return speeds_here(root, ["resnet18"], device)["resnet18"]


def test_a_core_is_as_slow_and_as_fast_as_runs_of_the_same_backbone_were(tmp_path):
    for seed in range(4):
        write_run(tmp_path, rates=np.linspace(10, 110, 101), threads=2, seed=seed)
    write_run(tmp_path, backbone="vgg16", rates=[500.0])
    write_run(tmp_path, device="cuda", rates=[9_000.0])
    write_run(tmp_path, method="kd", rates=[2.0])  # beside a teacher that is not named

    speed = resnet_speed(tmp_path)

    assert (speed.runs, speed.is_alike) == (4, True)
    ends = np.array([speed.low, speed.high]) / (TRAINING * RESNET / 2)
    assert ends == pytest.approx([20, 100])


def test_a_single_run_may_have_been_slow_or_fast_by_chance(tmp_path):
    write_run(tmp_path, rates=[10.0])

    speed = resnet_speed(tmp_path)

    assert (speed.low, speed.high) == pytest.approx((RESNET * 15, RESNET * 60))


def test_of_another_backbone_it_is_known_within_a_factor_of_two_at_best(tmp_path):
    write_run(tmp_path)
    speed = speeds_here(tmp_path, ["alexnet"], "cpu")["alexnet"]

    assert (speed.runs, speed.is_alike, speed.high / speed.low) == (1, False, pytest.approx(4))


def test_without_a_run_the_speed_is_only_what_is_usual(tmp_path):
    write_run(tmp_path, threads=0)
    (tmp_path / "damaged" / "baseline-0").mkdir(parents=True)
    (tmp_path / "damaged" / "study.toml").touch()
    (tmp_path / "damaged" / "baseline-0" / "status.json").touch()
    (tmp_path / "damaged" / "baseline-0" / "run.toml").write_text("device = 3")

    assert resnet_speed(tmp_path).runs == 0


def test_each_network_takes_its_own_time_and_cores_share_it():
    cost = Cost(networks=2, operations={"a": 600.0, "b": 120.0}, memory=1.0, disk=1.0)
    speeds = {
        "a": Speed(low=1.0, high=3.0, runs=2, is_alike=True),
        "b": Speed(low=2.0, high=2.0, runs=2, is_alike=True),
    }

    low, high = seconds_of(cost, speeds, units=2)

    assert low == pytest.approx((100 + 30) / 1.2)
    assert high == pytest.approx((300 + 30) * 1.2)


def test_the_device_is_that_of_the_recipe(monkeypatch):
    taught = recipe(students={"kd": {"method": "kd"}})

    monkeypatch.setenv("UDVIZ_GPUS", "0")
    assert device_of(taught) == "cuda"
    assert device_of(recipe(hardware={"device": "cpu"})) == "cpu"
