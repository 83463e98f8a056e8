from dataclasses import replace

import pytest

from udviz.commands import study
from udviz.launching.launch import Plan, launch, resume
from udviz.launching.resources.limits import Machine, check_limits, this_machine
from udviz.recipe.files import RECIPES, read_recipe
from udviz.recipe.schema import Recipe

LAPTOP = Machine(n_cores=4, memory=16e9, disk=500e9)
TOO_MUCH = {
    "--hardware.workers": "10000",
    "--hardware.threads": "100000",
    "--crossfit_folds": "101",
    "--data.n_train": "1000000000000",
    "--data.n_val": "1000000000000",
    "--data.n_test": "1000000000000",
    "--data.seed": str(2**32),
    "--teacher_seed": str(10**30),
    "--seeds": f"[{2**40}]",
    "--teacher.batch_size": "1000000000",
    "--student.batch_size": "1000000000",
    "--teacher.epochs": "1000000",
    "--student.epochs": "1000000",
    "--teacher.learning_rate": "inf",
    "--student.weight_decay": "1e300",
    "--student.clip_norm": "inf",
    "--loss.alpha": "1e9",
    "--students.distilled.temperature": "1e9",
    "--students.distilled.attention_weight": "inf",
    "--students.distilled.beta": "1e9",
}


@pytest.mark.parametrize("flag", TOO_MUCH)
def test_each_is_refused_naming_its_flag_before_anything_starts(tmp_path, flag):
    with pytest.raises(ValueError, match=f"{flag} must be at most") as caught:
        study.main(["--recipe", "demo", "--out", str(tmp_path / "new"), flag, TOO_MUCH[flag]])

    assert str(caught.value).count("must be at most") == 1
    assert not (tmp_path / "new").exists()


def test_all_that_are_too_large_are_named_at_once():
    recipe = Recipe(seeds=tuple(range(101)), crossfit_folds=200, teacher_seed=2**32)

    with pytest.raises(ValueError, match="too large") as caught:
        check_limits(recipe, LAPTOP)

    sentence = str(caught.value)
    assert "--crossfit_folds must be at most 100 (each is a student to train), got 200" in sentence
    assert "--seeds (their number) must be at most 100" in sentence
    assert "--teacher_seed must be at most 4,294,967,295 (a number of 32 bits)" in sentence


@pytest.mark.parametrize(
    ("flag", "changes"),
    [
        ("--hardware.workers must be at most 16 (this process may use 4 cores)", {}),
        ("--hardware.workers must be at most 5 (this machine has 2 GB", {"memory": 2e9}),
        (
            "--hardware.workers must be at most 128 (this process may use 32",
            {"n_cores": 32, "memory": 64e9},
        ),
        ("--teacher.batch_size must be at most 115,740 (its pixels of 96 x 96", {}),
        ("--teacher.batch_size must be at most 14,467 (its pixels", {"memory": 2e9}),
        ("--data.n_train must be at most 3,200,000 (this machine has 16 GB", {}),
        ("--data.n_train must be at most 36,168 (their pixels must fit on a", {"disk": 1e9}),
    ],
)
def test_what_depends_on_the_machine_follows_it(flag, changes):
    recipe = Recipe.model_validate(
        {
            "hardware": {"workers": 10**6},
            "teacher": {"batch_size": 10**9},
            "data": {"n_train": 10**9},
        }
    )

    with pytest.raises(ValueError, match="too large") as caught:
        check_limits(recipe, replace(LAPTOP, **changes))

    assert flag in str(caught.value)


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_here_is_within_the_limits_of_a_laptop(recipe):
    check_limits(read_recipe(recipe), LAPTOP)


def test_a_launch_and_a_resume_are_refused_before_they_write_anything(root):
    recipe = Recipe.model_validate({"hardware": {"workers": 10**6}})
    plan = Plan(source="demo", recipe=recipe)

    with pytest.raises(ValueError, match=r"--hardware\.workers must be at most"):
        launch(plan, root / "new")

    assert not (root / "new").exists()
    (root / "old").mkdir()
    (root / "old" / "study.toml").write_text("[hardware]\nworkers = 1000000\n")
    with pytest.raises(ValueError, match=r"--hardware\.workers must be at most"):
        resume(root / "old")


def test_this_machine_has_cores_memory_and_a_disk(tmp_path):
    machine = this_machine(tmp_path / "not" / "yet")

    assert machine.n_cores >= 1
    assert machine.memory > 1e8
    assert machine.disk > 1e8
