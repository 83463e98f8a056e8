from collections import Counter

import pytest
import tomli_w

from udviz.recipe.dependencies import settings_of
from udviz.recipe.files import parse_recipe, read_recipe
from udviz.recipe.schema import Recipe
from udviz.studies.models import run_of
from udviz.training.checkpoint import WEIGHTS
from udviz.training.records import check_teacher, differences, record_study, settings_in


def recipe_with(**values):
    return parse_recipe(values, source="test")


def write_run(study, recipe, model="teacher", seed=0, **more):
    """The record of a trained run, as far as it counts here."""
    directory = run_of(recipe, model, seed).directory(study)
    directory.path.mkdir(parents=True, exist_ok=True)
    record = {"model": model, "seed": seed, "settings": settings_of(recipe, model), **more}
    directory.record.write_text(tomli_w.dumps(record))
    return directory


def write_old_run(study, recipe, role, name):
    """A record of the time when it held a whole recipe."""
    (study / name).mkdir(parents=True)
    record = {"role": role, "seed": 0, "recipe": recipe}
    (study / name / "run.toml").write_text(tomli_w.dumps(record))


def test_a_study_s_recipe_comes_back_as_it_was(tmp_path):
    recipe = recipe_with(seeds=[0, 3], description='two\nlines "quoted"')

    record_study(tmp_path / "new", recipe)

    assert read_recipe(tmp_path / "new" / "study.toml") == recipe


def test_other_settings_than_a_run_was_trained_with_are_refused_and_named(tmp_path):
    record_study(tmp_path, Recipe())
    write_run(tmp_path, Recipe())
    changed = recipe_with(teacher={"epochs": 3}, loss={"alpha": 2.0})

    with pytest.raises(
        ValueError, match=r"teacher`.*network.epochs: 12, now 3; loss.alpha: 1.0, now 2.0"
    ):
        record_study(tmp_path, changed)
    assert read_recipe(tmp_path / "study.toml") == Recipe()


def test_a_study_that_is_trained_may_be_told_its_slices(tmp_path):
    for model in ("teacher", "baseline", "distilled"):
        write_run(tmp_path, Recipe(), model)
    write_old_run(tmp_path, Recipe().model_dump(mode="json", exclude_none=True), "teacher", "old")
    sliced = recipe_with(data={"slice_columns": ["site"]})

    record_study(tmp_path, sliced)

    assert read_recipe(tmp_path / "study.toml") == sliced


def test_settings_of_one_student_do_not_touch_another_run(tmp_path):
    for model in ("teacher", "baseline", "distilled"):
        write_run(tmp_path, Recipe(), model)
    distilled = {"method": "ud", "beta": 0.5}
    changed = recipe_with(students={"baseline": {"method": "none"}, "distilled": distilled})

    with pytest.raises(ValueError, match=r"distilled-0`.*\(student.beta: 0.0, now 0.5\)"):
        record_study(tmp_path, changed)


def test_students_and_seeds_may_be_added_and_left_out_and_hardware_may_change(tmp_path):
    for model in ("teacher", "baseline", "distilled"):
        write_run(tmp_path, Recipe(), model)
    students = {"baseline": {"method": "none"}, "kd": {"method": "kd", "epochs": 3}}
    more = recipe_with(students=students, seeds=[0, 1], hardware={"threads": 1})

    record_study(tmp_path, more)

    assert read_recipe(tmp_path / "study.toml") == more


def test_a_run_that_the_recipe_no_longer_names_must_still_be_of_the_same_data(tmp_path):
    write_run(tmp_path, Recipe(), "distilled")
    students = {"baseline": {"method": "none"}}

    with pytest.raises(ValueError, match=r"distilled-0`.*data.side_px: 96, now 64"):
        record_study(tmp_path, recipe_with(students=students, data={"side_px": 64}))


def test_another_seed_of_the_one_teacher_is_refused(tmp_path):
    write_run(tmp_path, Recipe())

    with pytest.raises(ValueError, match="seed: 0, now 1"):
        record_study(tmp_path, recipe_with(teacher_seed=1))


def test_a_run_of_an_old_study_counts_by_what_it_depends_on(tmp_path):
    old = {"distill": {"method": "ud", "temperature": 2.0}, "student": {"epochs": 4}}
    for role, name in (("teacher", "teacher"), ("baseline", "baseline-0")):
        write_old_run(tmp_path, old, role, name)
    write_old_run(tmp_path, old, "distilled", "distilled-0")

    record_study(tmp_path, parse_recipe(old, source="test"))
    with pytest.raises(ValueError, match=r"distilled-0`.*student.temperature: 2.0, now 3.0"):
        record_study(tmp_path, recipe_with(student={"epochs": 4}))


def test_equal_settings_have_no_differences():
    settings = settings_of(Recipe(), "distilled")

    assert differences(settings, settings) == []


def test_a_student_of_another_teacher_is_refused(tmp_path):
    teacher = write_run(tmp_path, Recipe()).checkpoints / "best"
    teacher.mkdir(parents=True)
    (teacher / WEIGHTS).write_bytes(b"now")
    write_run(tmp_path, Recipe(), "distilled", teacher={"weights": "another digest"})
    write_run(tmp_path, Recipe(), "baseline")

    check_teacher(Recipe(), run_of(Recipe(), "baseline", 0), tmp_path)
    with pytest.raises(ValueError, match=r"distilled-0` was taught by another teacher"):
        check_teacher(Recipe(), run_of(Recipe(), "distilled", 0), tmp_path)


def test_a_recipe_cut_at_every_fifth_byte_never_goes_on_with_other_settings(tmp_path):
    recipe = recipe_with(
        teacher={"epochs": 3},
        loss={"alpha": 2.0},
        data={"side_px": 64},
        augment={"erase": 0.25},
    )
    record_study(tmp_path, recipe)
    file, directory = tmp_path / "study.toml", write_run(tmp_path, recipe)
    whole = file.read_bytes()

    told = Counter()
    for length in range(0, len(whole), 5):
        file.write_bytes(whole[:length])
        told[blamed(tmp_path, file)] += 1
        if file.read_bytes() != whole[:length]:  # it went on
            before, now = (settings_of(r, "teacher") for r in (recipe, read_recipe(file)))
            assert differences(before, now) == []

    assert told[str(file)] >= 20  # no recipe any more
    assert told[str(directory.path)] >= 20  # a recipe, but another one


def blamed(study, file):
    """What the refusal to go on with a study names first."""
    try:
        record_study(study, read_recipe(file))
    except ValueError as error:
        told = str(error)
        return str(file) if str(file) in told else told.split("`")[1]
    return "nothing"


@pytest.mark.parametrize("damage", ["", "recipe = 3", "[settings", "x = 1"])
def test_a_damaged_record_of_a_run_holds_nobody_up(tmp_path, damage):
    record_study(tmp_path, Recipe())
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher" / "run.toml").write_text(damage)

    record_study(tmp_path, Recipe())


def test_a_run_whose_record_is_damaged_counts_by_the_recipe_of_its_study(tmp_path):
    record_study(tmp_path, Recipe())
    write_run(tmp_path, Recipe()).checkpoints.mkdir()
    (tmp_path / "teacher" / "run.toml").write_text("[settings")

    with pytest.raises(ValueError, match=r"teacher`.*network.epochs: 12, now 3"):
        record_study(tmp_path, recipe_with(teacher={"epochs": 3}))


@pytest.mark.parametrize("record", [{}, {"recipe": 3}, {"recipe": {"x": 1}}, {"settings": 2}])
def test_a_record_without_settings_says_nothing(record):
    assert settings_in(record) == {}
