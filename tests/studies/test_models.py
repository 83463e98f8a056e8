import sys
from pathlib import Path
from subprocess import run

import pytest

from udviz.recipe.files import parse_recipe
from udviz.recipe.schema import Recipe
from udviz.studies.models import comparisons_of, models_of, reference_of, run_of, runs_of


def recipe_with(*names, **values):
    students = {name: {"method": "none" if name == "baseline" else "kd"} for name in names}
    return parse_recipe({"students": students, **values}, source="test")


def names_of(runs):
    return [run.name for run in runs]


def test_a_study_has_its_teacher_first_and_its_students_in_their_order():
    recipe = recipe_with("b", "a", seeds=[3, 1])

    models = models_of(recipe)

    assert [(m.name, m.kind, m.seeds) for m in models] == [
        ("teacher", "teacher", (0,)),
        ("b", "student", (3, 1)),
        ("a", "student", (3, 1)),
    ]
    assert [m.run(3) for m in models] == ["teacher", "b-3", "a-3"]
    assert {seed: d.name for seed, d in models[1].directories(Path("x")).items()} == {
        3: "b-3",
        1: "b-1",
    }


def test_runs_are_trained_teachers_first_then_seed_by_seed():
    recipe = recipe_with("baseline", "kd", seeds=[0, 2], crossfit_folds=2)

    assert names_of(runs_of(recipe)) == [
        *("teacher", "baseline-0", "kd-0", "baseline-2", "kd-2", "crossfit-0", "crossfit-1")
    ]


def test_each_seed_may_have_a_teacher_of_its_own():
    recipe = recipe_with("kd", seeds=[0, 2], teacher_seeds="each")

    assert names_of(runs_of(recipe)) == ["teacher-0", "teacher-2", "kd-0", "kd-2"]
    assert models_of(recipe)[0].seeds == (0, 2)


def test_nobody_trains_a_teacher_that_nobody_learns_from():
    alone = parse_recipe({"students": {"a": {"method": "none"}}}, source="test")
    asked = parse_recipe(
        {"students": {"a": {"method": "none"}}, "reference": "teacher"}, source="test"
    )

    assert names_of(runs_of(alone)) == ["a-0"]
    assert names_of(runs_of(asked)) == ["teacher", "a-0"]


@pytest.mark.parametrize(
    ("names", "comparisons", "expected"),
    [
        (("a", "baseline", "b"), [], (("baseline", "a"), ("baseline", "b"))),
        (("a", "b", "c"), [], (("a", "b"), ("a", "c"))),
        (("a",), [], ()),
        (("a", "b"), ["b:teacher", "a:b"], (("b", "teacher"), ("a", "b"))),
    ],
)
def test_comparisons_are_the_recipe_s_or_from_the_baseline_to_every_other(
    names, comparisons, expected
):
    assert comparisons_of(recipe_with(*names, comparisons=comparisons)) == expected


def test_the_reference_is_the_one_that_is_named_or_the_teacher_or_the_first():
    without = parse_recipe({"students": {"b": {"method": "none"}}}, source="test")

    assert reference_of(Recipe()) == "teacher"
    assert reference_of(recipe_with("a", reference="a")) == "a"
    assert reference_of(without) == "b"


def test_a_description_says_how_a_student_differs():
    students = {"a": {"method": "none", "loss": "asl"}, "b": {"method": "kd", "temperature": 2}}
    recipe = parse_recipe({"students": students}, source="test")

    assert [model.description for model in models_of(recipe)[1:]] == [
        "small, ground truth alone, loss = asl",
        "small, distillation without uncertainty, temperature = 2.0",
    ]


def test_a_run_is_found_by_model_and_seed_and_an_unknown_model_is_refused():
    recipe = parse_recipe({"teacher_seed": 5, "crossfit_folds": 2}, source="test")

    assert run_of(recipe, "teacher", 1).name == "teacher"
    assert run_of(recipe, "teacher", 1).seed == 5
    assert run_of(recipe, "baseline", 7).name == "baseline-7"
    with pytest.raises(ValueError, match="one of teacher, baseline, distilled, crossfit, got 'x'"):
        run_of(recipe, "x", 0)
    with pytest.raises(ValueError, match="must be a fold below 2"):
        run_of(recipe, "crossfit", 2)


def test_models_and_runs_are_read_without_pytorch():
    code = "import sys, udviz.studies.models; sys.exit('torch' in sys.modules)"

    assert run([sys.executable, "-c", code], check=False).returncode == 0
