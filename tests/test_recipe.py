import pytest

from udviz.recipe.dependencies import settings_of
from udviz.recipe.files import RECIPES, parse_recipe, read_recipe, recipe_path, recipe_text
from udviz.recipe.schema import Recipe
from udviz.recipe.section import Section, expand
from udviz.recipe.students import StudentConfig
from udviz.vocabulary import METHODS


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_is_valid_and_says_command_cost_and_expected_score(path):
    recipe = read_recipe(path)

    assert recipe.name == path.stem
    assert f"--recipe {path.stem}" in recipe.description
    assert "Cost:" in recipe.description
    assert "Expected" in recipe.description


def test_every_field_of_the_schema_has_a_sentence():
    sections = [type(value) for _, value in Recipe() if isinstance(value, Section)]

    for section in (Recipe, StudentConfig, *sections):
        for name, field in section.model_fields.items():
            nested = isinstance(field.default, Section)
            assert nested or (field.description or "").endswith("."), f"{section.__name__}.{name}"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"teacher": {"epochs": 0}}, r"--teacher.epochs: .*greater than or equal to 1, got 0"),
        ({"students": {"a": {"method": "x"}}}, r"--students.a.method: .*'mld' or 'cam', got 'x'"),
        ({"distill": {"method": "x"}}, r"--students.distilled.method: .*got 'x'"),
        ({"loss": {"cal_loss": "none"}}, r"`students.distilled.method` must do without a calib"),
        ({"students": {}}, r"`students` must hold at least one"),
        ({"students": {"a b": {}}}, r"letters, digits, `-` and `_`.*got 'a b'"),
        ({"students": {"a" * 41: {}}}, r"at most 40 characters"),
        ({"students": {"Crossfit": {}}}, r"must not hold one called Crossfit"),
        ({"students": {"a": {}, "A": {}}}, r"must differ in more than case, got a twice"),
        ({"students": {"a": {"epochs": 1, "warmup_epochs": 2}}}, r"`students.a`: `warmup_epochs`"),
        (
            {"students": {"a": {"method": "kd", "attention_weight": 0.5}}},
            r"--students.a: `attention_weight` must stay 0.1 where method is kd",
        ),
        ({"comparisons": ["baseline:x"]}, r"pairs before:after of teacher, baseline, distilled"),
        ({"comparisons": ["baseline:baseline"]}, r"must be pairs before:after"),
        ({"reference": "x"}, r"`reference` must be one of teacher, baseline, distilled, got 'x'"),
        ({"teacher": {"from": "x"}, "teacher_seeds": "each"}, r"`teacher_seeds` must be one"),
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


def test_a_student_has_the_network_of_all_students_but_for_what_it_sets():
    recipe = parse_recipe(
        {"student": {"epochs": 7, "pool": "avg"}, "students": {"a": {}, "b": {"epochs": 3}}},
        source="here",
    )

    a, b = recipe.network_of("a"), recipe.network_of("b")

    assert a == recipe.student
    assert (b.epochs, b.pool) == (3, "avg")


def test_a_recipe_of_students_comes_back_from_its_file(tmp_path):
    recipe = parse_recipe(
        {"students": {"a": {"method": "none", "loss": "asl"}, "kd-2": {"method": "kd"}}}
        | {"teacher": {"from": "runs/x/teacher"}, "comparisons": ["a:kd-2"]},
        source="here",
    )
    (tmp_path / "study.toml").write_text(recipe_text(recipe))

    assert read_recipe(tmp_path / "study.toml") == recipe


def test_a_recipe_with_a_section_distill_is_read_as_the_two_students_it_meant():
    old = {"distill": {"method": "kd", "temperature": 2.0, "attention_weight": 0.3, "beta": 0.5}}

    students = parse_recipe(old, source="here").students

    assert {name: student.method for name, student in students.items()} == {
        "baseline": "none",
        "distilled": "kd",
    }
    assert (students["distilled"].temperature, students["distilled"].beta) == (2.0, 0.5)
    assert students["distilled"].attention_weight == 0.1  # kd has never read it


def test_an_old_recipe_without_distillation_keeps_its_teacher_as_the_reference():
    recipe = parse_recipe({"distill": {"method": "none"}}, source="here")

    assert recipe.models == ("teacher", "baseline")


def test_a_student_changes_with_the_settings_that_its_method_reads_alone():
    before = parse_recipe({"students": {"a": {"method": "none"}, "b": {"method": "ud"}}}, source="")
    after = parse_recipe(
        {"students": {"a": {"method": "none"}, "b": {"method": "ud", "beta": 1.0}}}, source=""
    )

    assert settings_of(before, "a") == settings_of(after, "a")
    assert settings_of(before, "teacher") == settings_of(after, "teacher")
    assert settings_of(before, "b") != settings_of(after, "b")


@pytest.mark.parametrize(
    ("loss", "changed"),
    [
        ({"alpha": 0.5}, {"teacher", "cal", "pdd", "ud"}),
        ({"cal_loss": "all"}, {"teacher", "cal"}),
        ({"unknown_in_training": "ignore"}, {"teacher", "none", "cal", "mld", "cam", "crossfit"}),
        ({"balance": "mean"}, {"teacher", *METHODS, "crossfit"}),
    ],
)
def test_a_loss_is_part_of_the_settings_of_those_who_read_it(loss, changed):
    students = {method: {"method": method} for method in METHODS}
    values = {"students": students, "crossfit_folds": 2}
    before = parse_recipe(values, source="")
    after = parse_recipe(values | {"loss": loss}, source="")

    assert {
        model
        for model in ("teacher", *METHODS, "crossfit")
        if settings_of(before, model) != settings_of(after, model)
    } == changed


def test_hardware_seeds_and_other_students_are_no_part_of_the_settings_of_a_run():
    before = Recipe()
    after = parse_recipe(
        {"hardware": {"threads": 3}, "seeds": [4, 5], "students": {"baseline": {"method": "none"}}},
        source="",
    )

    assert settings_of(before, "baseline") == settings_of(after, "baseline")


def test_slices_are_no_part_of_the_settings_of_a_run():
    after = parse_recipe({"data": {"slice_columns": ["site"], "seed": 1}}, source="")

    assert "slice_columns" not in settings_of(after, "teacher")["data"]
    assert settings_of(after, "teacher")["data"]["seed"] == 1
