import json
from dataclasses import replace

import pytest
import tomli_w

from udviz.launching.cost import TRAINING, cost_of, device_of, largest_backbone, speed_here
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
    assert cost.operations == RESNET * (4 * 1000 * TRAINING + 4 * 100 + 1300)


def test_a_taught_student_takes_a_pass_of_its_teacher_too_and_seeds_multiply():
    both = {"baseline": {"method": "none"}, "kd": {"method": "kd"}}
    alone = cost_of(recipe(), IMAGES).operations
    teacher = FORWARD["teacher"] * (2 * 1000 * TRAINING + 2 * 100 + 1300)

    cost = cost_of(recipe(students=both, seeds=[0, 1]), IMAGES)

    assert cost.networks == 5
    taught = alone + FORWARD["teacher"] * 4 * 1000
    assert cost.operations == pytest.approx(teacher + 2 * alone + 2 * taught)


def test_half_the_side_is_a_quarter_of_the_work():
    small = recipe(data={"kind": "table", "root": "/x", "side_px": 112})

    assert cost_of(small, IMAGES).operations == cost_of(recipe(), IMAGES).operations / 4
    assert cost_of(small, IMAGES).memory < cost_of(recipe(), IMAGES).memory


def test_memory_is_near_what_a_step_of_resnet18_was_seen_to_take():
    assert cost_of(recipe(), IMAGES).memory == pytest.approx(1.84e9, rel=0.1)  # peak RSS, 32 images


def test_of_a_backbone_of_timm_nothing_is_known():
    assert cost_of(recipe(student={"backbone": "timm:vit_tiny_patch16_224"}), IMAGES) is None


def write_run(root, *, backbone="resnet18", rate=10.0, device="cpu", method="none"):
    study = root / f"{backbone}-{method}-{device}"
    run = study / "baseline-0"
    run.mkdir(parents=True)
    (study / "study.toml").write_text('name = "x"\n')
    (run / "status.json").write_text("{}")
    settings = {
        "data": {"side_px": 224},
        "network": {"backbone": backbone},
        "student": {"method": method},
    }
    (run / "run.toml").write_text(tomli_w.dumps({"device": device, "settings": settings}))
    events = [{"event": "step", "images_per_second": rate}, {"event": "epoch"}]
    (run / "events.jsonl").write_text("\n".join(map(json.dumps, events)))


def test_a_machine_is_as_fast_as_its_runs_of_the_same_backbone_were(tmp_path):
    write_run(tmp_path)
    write_run(tmp_path, backbone="vgg16", rate=500.0)
    write_run(tmp_path, device="cuda", rate=9_000.0)
    write_run(tmp_path, method="kd", rate=2.0)  # beside a teacher that is not named

    speed = speed_here(tmp_path, "resnet18", "cpu")

    assert (speed.operations, speed.runs, speed.is_alike) == (10.0 * TRAINING * RESNET, 1, True)
    assert replace(speed_here(tmp_path, "alexnet", "cpu"), operations=0.0) == replace(
        speed, operations=0.0, runs=2, is_alike=False
    )


def test_without_a_run_the_speed_is_only_what_is_usual(tmp_path):
    (tmp_path / "damaged" / "baseline-0").mkdir(parents=True)
    (tmp_path / "damaged" / "study.toml").touch()
    (tmp_path / "damaged" / "baseline-0" / "status.json").touch()
    (tmp_path / "damaged" / "baseline-0" / "run.toml").write_text("device = 3")

    assert speed_here(tmp_path, "resnet18", "cpu").runs == 0


def test_the_largest_backbone_and_the_device_are_those_of_the_recipe(monkeypatch):
    taught = recipe(students={"kd": {"method": "kd"}})
    assert (largest_backbone(recipe()), largest_backbone(taught)) == ("resnet18", "resnet50")

    monkeypatch.setenv("UDVIZ_GPUS", "0")
    assert device_of(taught) == "cuda"
    assert device_of(recipe(hardware={"device": "cpu"})) == "cpu"
