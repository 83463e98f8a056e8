import pytest

from udviz.recipe.files import RECIPES, parse_recipe, read_recipe, recipe_path
from udviz.recipe.schema import Recipe
from udviz.recipe.section import Section, expand


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_is_valid_and_says_command_cost_and_expected_score(path):
    recipe = read_recipe(path)

    assert recipe.name == path.stem
    assert f"--recipe {path.stem}" in recipe.description
    assert "Cost:" in recipe.description
    assert "Expected" in recipe.description


def test_every_field_of_the_schema_has_a_sentence():
    sections = [type(value) for _, value in Recipe() if isinstance(value, Section)]

    for section in (Recipe, *sections):
        for name, field in section.model_fields.items():
            nested = isinstance(field.default, Section)
            assert nested or (field.description or "").endswith("."), f"{section.__name__}.{name}"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"teacher": {"epochs": 0}}, r"--teacher.epochs: .*greater than or equal to 1, got 0"),
        ({"distill": {"method": "x"}}, r"--distill.method: .*'ud', 'pdd', 'kd' or 'none', got 'x'"),
        ({"loss": {"cal_loss": "none"}}, r"`distill.method` must be kd or none"),
        (
            {"student": {"warmup_epochs": 20, "epochs": 10}},
            r"--student: `warmup_epochs` must be less",
        ),
        ({"student": {"final_learning_rate": 1.0}}, r"`final_learning_rate` must be at most"),
        ({"seeds": [1, 1]}, r"`seeds` must be distinct"),
        ({"teacher": {"epocs": 3}}, r"--teacher.epocs: Extra inputs are not permitted"),
    ],
)
def test_a_fault_is_refused_naming_its_flag(values, message):
    with pytest.raises(ValueError, match=message):
        parse_recipe(values, source="here")


def test_a_recipe_cannot_be_changed_after_it_was_read():
    with pytest.raises(ValueError, match="frozen"):
        Recipe().data.side_px = 3


def test_an_unknown_recipe_is_refused_with_the_known_ones():
    with pytest.raises(FileNotFoundError, match=r"one of .*demo.*got 'nope'"):
        recipe_path("nope")


def test_a_file_that_is_no_toml_is_refused(tmp_path):
    (tmp_path / "bad.toml").write_text("a = = 1")

    with pytest.raises(ValueError, match="must be a TOML file"):
        read_recipe(tmp_path / "bad.toml")


def test_a_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("UDVIZ_NOWHERE", raising=False)

    with pytest.raises(ValueError, match=r"`--data.root` must name a path.*UDVIZ_NOWHERE"):
        expand("$UDVIZ_NOWHERE/x", flag="--data.root")
