from collections import Counter

import pytest
import tomli_w

from udviz.recipe.files import read_recipe
from udviz.recipe.schema import Recipe
from udviz.training.records import differences, record_study


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
    assert differences(Recipe().model_dump(mode="json"), Recipe()) == []


def test_a_recipe_cut_at_every_tenth_byte_never_goes_on_with_other_settings(tmp_path):
    recipe = Recipe.model_validate(
        {"teacher": {"epochs": 3}, "student": {"epochs": 4}, "loss": {"alpha": 2.0}}
        | {"data": {"side_px": 64}, "distill": {"beta": 0.5}, "augment": {"erase": 0.5}}
    )
    record_study(tmp_path, recipe)
    file, record = tmp_path / "study.toml", tmp_path / "teacher" / "run.toml"
    whole = file.read_bytes()
    record.parent.mkdir()
    record.write_text(tomli_w.dumps({"recipe": recipe.model_dump(mode="json")}))

    told = Counter()
    for length in range(0, len(whole), 10):
        file.write_bytes(whole[:length])
        told[blamed(tmp_path, file)] += 1
        if file.read_bytes() != whole[:length]:  # it went on
            assert differences(recipe.model_dump(mode="json"), read_recipe(file)) == []

    assert told[str(file)] >= 20  # no TOML any more
    assert told[str(record.parent)] >= 20  # a recipe, but another one
    assert told["nothing"] < 20


def blamed(study, file):
    """What the refusal to go on with a study names first."""
    try:
        record_study(study, read_recipe(file))
    except ValueError as error:
        return str(error).split("`")[1]
    return "nothing"


@pytest.mark.parametrize("damage", ["", "recipe = 3", "[recipe", "x = 1"])
def test_a_damaged_record_of_a_run_holds_nobody_up(tmp_path, damage):
    record_study(tmp_path, Recipe())
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher" / "run.toml").write_text(damage)

    record_study(tmp_path, Recipe())
