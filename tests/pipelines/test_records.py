import pytest

from pipelines.records import differences, record_study
from udviz.recipe import Recipe, read_recipe


def test_a_study_s_recipe_comes_back_as_it_was(tmp_path):
    recipe = Recipe.model_validate({"seeds": [0, 3], "description": 'two\nlines "quoted"'})

    record_study(tmp_path / "new", recipe)

    assert read_recipe(tmp_path / "new" / "study.toml") == recipe


def test_other_settings_are_refused_in_a_study_that_was_begun_and_named(tmp_path):
    record_study(tmp_path, Recipe())
    changed = Recipe.model_validate({"teacher": {"epochs": 3}, "loss": {"alpha": 2.0}})

    with pytest.raises(ValueError, match=r"teacher.epochs: 12, now 3; loss.alpha: 1.0, now 2.0"):
        record_study(tmp_path, changed)
    assert read_recipe(tmp_path / "study.toml") == Recipe()


def test_seeds_may_be_added_and_hardware_may_change(tmp_path):
    record_study(tmp_path, Recipe())
    more = Recipe.model_validate({"seeds": [0, 1], "hardware": {"threads": 1}})

    record_study(tmp_path, more)

    assert read_recipe(tmp_path / "study.toml").seeds == (0, 1)


def test_equal_recipes_have_no_differences():
    assert differences(Recipe(), Recipe()) == []
