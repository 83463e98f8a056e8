import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udviz.commands.command_line import parse
from udviz.launching.flags import flags, leaves, nested
from udviz.launching.launch import Plan
from udviz.recipe.files import parse_recipe, read_recipe, recipe_path
from udviz.recipe.schema import Recipe

DEMO = read_recipe(recipe_path("demo"))
TRAPS = ["None", "null", "true", "1", "[1, 2]", "a,b", '{"a": 1}', "-x", "--help", "$HOME", "a'b"]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "description": WORDS,
        "data.root": WORDS,
        "data.kind": st.sampled_from(["table", "voc"]),
        "data.side_px": st.integers(16, 2048),
        "teacher.feature_norm": st.booleans(),
        "teacher.weight_decay": st.floats(0, 10),
        "teacher.epochs": st.integers(1, 1000),
        "students.distilled.temperature": st.floats(0.001, 100),
        "students.baseline.loss": st.sampled_from(["bce", "asl"]),
        "students.baseline.feature_norm": st.sampled_from([True, False, None]),
        "students.new.method": st.sampled_from(["none", "ud", "mld"]),
        "students.new.epochs": st.integers(1, 1000),
        "comparisons": st.sampled_from([(), ("teacher:baseline", "baseline:distilled")]),
        "teacher.from": st.sampled_from(["", "runs/x/teacher"]),
        "augment.flip": st.booleans(),
        "seeds": st.lists(st.integers(0, 99), min_size=1, unique=True).map(tuple),
    },
)


def test_the_same_recipe_needs_no_flags():
    assert flags(DEMO, DEMO) == []


def test_every_field_is_a_leaf_under_its_dotted_name():
    names = dict(leaves(Recipe()))

    assert names["seeds"] == (0,)
    assert names["data.root"] == ""
    assert parse_recipe(nested(names), source="test") == Recipe()


@settings(deadline=None, max_examples=25)
@given(changes=CHANGES)
@pytest.mark.slow
def test_the_flags_bring_a_command_line_to_the_very_same_recipe(changes):
    wanted = parse_recipe(nested(dict(leaves(DEMO)) | changes), source="test")
    plan = Plan(source="demo", recipe=wanted)

    arguments = plan.arguments(recipe_path("demo"))

    assert shlex.split(plan.typed(recipe_path("demo"))) == ["python", *arguments]
    assert parse(arguments[2:], program="test", summary="Test.").recipe == wanted


def test_students_that_were_there_can_go_and_their_comparisons_go_with_them():
    before = parse_recipe(
        {"students": {"a": {"epochs": 3}, "b": {}}, "comparisons": ["a:b"]}, source="test"
    )
    after = parse_recipe({"students": {"a": {}}}, source="test")

    found = flags(before, after)

    assert found == ["--only_students", "a", "--students.a.epochs", "<default>"]


def test_an_empty_list_and_a_field_that_is_not_set_are_read_as_that(tmp_path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text('comparisons = ["teacher:baseline"]')

    asked = parse(["--recipe", str(recipe), "--comparisons", "[]"], program="test", summary="Test.")

    assert asked.recipe.comparisons == ()


@pytest.mark.parametrize("trap", TRAPS)
def test_words_that_mean_something_to_a_shell_or_a_parser_are_words(trap):
    wanted = DEMO.model_copy(update={"description": trap})
    arguments = Plan(source="demo", recipe=wanted).arguments(recipe_path("demo"))

    assert parse(arguments[2:], program="test", summary="Test.").recipe == wanted
