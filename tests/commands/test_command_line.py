import pytest

from udviz.commands.command_line import parse
from udviz.commands.train import TrainOptions

PROGRAM = {"program": "python -m pipelines.study", "summary": "Train."}


def test_a_flag_wins_over_the_recipe_and_the_recipe_over_the_default(tmp_path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text("[teacher]\nepochs = 7\nbatch_size = 16\n")

    asked = parse(["--recipe", str(recipe), "--teacher.epochs", "3"], **PROGRAM)

    assert asked.recipe.teacher.epochs == 3
    assert asked.recipe.teacher.batch_size == 16
    assert asked.recipe.student.batch_size == 64


def test_the_study_is_called_after_its_recipe_unless_out_says_otherwise(monkeypatch, tmp_path):
    monkeypatch.setenv("UDVIZ_RUNS", "somewhere")

    assert str(parse([], **PROGRAM).study) == "somewhere/demo"
    assert parse(["--out", str(tmp_path)], **PROGRAM).study == tmp_path


def test_a_stored_recipe_leads_back_to_its_own_study(monkeypatch, tmp_path):
    monkeypatch.setenv("UDVIZ_RUNS", "root")
    (tmp_path / "study.toml").write_text('name = "x"')

    assert parse(["--recipe", str(tmp_path / "study.toml")], **PROGRAM).study.name == tmp_path.name


def test_seeds_are_given_by_repeating_the_flag():
    assert parse(["--seeds", "0", "--seeds", "4"], **PROGRAM).recipe.seeds == (0, 4)


def test_an_environment_variable_is_not_taken_for_a_flag(monkeypatch):
    monkeypatch.setenv("NAME", "from the shell")
    monkeypatch.setenv("TEACHER_SEED", "9")

    recipe = parse([], **PROGRAM).recipe

    assert (recipe.name, recipe.teacher_seed) == ("demo", 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--teacher.epochs", "0"], r"--teacher.epochs: .*greater than or equal to 1"),
        (["--students.distilled.method", "x"], r"--students.distilled.method: .*'cam', got 'x'"),
        (["--loss.cal_loss", "none"], r"`students.cal.method` must do without a calibration"),
        (["--students.a.b.method", "kd"], r"`students` must have names of .*'a.b'"),
        (["--students.teacher.method", "kd"], r"must not hold one called teacher"),
        (
            ["--only_students", "baseline,x"],
            r"`only_students` must be one of baseline, cal, kd, distilled",
        ),
        (["--distill.beta=1"], r"--distill.beta is called --students.distilled.beta now"),
        (["--role", "teacher"], r"--role is called --model now"),
        (["--recipe", "nope"], r"`recipe` must be one of .*demo"),
    ],
)
def test_a_fault_ends_with_a_sentence_that_names_the_flag(arguments, message, capsys):
    with pytest.raises(SystemExit, match=message):
        parse(arguments, **PROGRAM)


def test_an_unknown_flag_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(["--teacher.epocs", "3"], **PROGRAM)

    assert "--teacher.epocs" in capsys.readouterr().err


def test_a_field_that_the_schema_does_not_know_is_refused_in_a_recipe(tmp_path):
    (tmp_path / "bad.toml").write_text("[teacher]\nepocs = 7\n")

    with pytest.raises(SystemExit, match="epocs"):
        parse(["--recipe", str(tmp_path / "bad.toml")], **PROGRAM)


def test_help_tells_the_recipe_s_own_defaults_and_a_sentence_for_each(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"], **PROGRAM)

    text = " ".join(capsys.readouterr().out.split())
    assert "Passes over the training split." in text
    assert "(default: small_wide)" in text


def test_a_pipeline_may_have_options_of_its_own():
    asked = parse(["--model", "baseline", "--seed", "2"], **PROGRAM, extra=TrainOptions)

    assert asked.options == {"model": "baseline", "seed": 2}


def test_a_flag_of_a_student_that_the_recipe_lacks_adds_it():
    flags = [
        "--students.kd-2.method",
        "kd",
        "--students.kd-2.epochs=2",
        "--students.kd-2.beta",
        "1",
    ]

    students = parse(flags, **PROGRAM).recipe.students

    assert list(students) == ["baseline", "cal", "kd", "distilled", "kd-2"]
    assert (students["kd-2"].method, students["kd-2"].epochs, students["kd-2"].beta) == ("kd", 2, 1)
    assert students["distilled"] == parse([], **PROGRAM).recipe.students["distilled"]


def test_a_student_of_the_recipe_can_be_changed_and_left_out():
    changed = parse(["--students.baseline.epochs", "2"], **PROGRAM).recipe.students
    kept = parse(["--only_students", "baseline,kd", "--students.kd.method", "kd"], **PROGRAM)

    assert (changed["baseline"].method, changed["baseline"].epochs) == ("none", 2)
    assert list(kept.recipe.students) == ["baseline", "kd"]


def test_a_student_goes_back_to_what_all_students_have(tmp_path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text('[students.a]\nmethod = "none"\nepochs = 3\n')

    asked = parse(["--recipe", str(recipe), "--students.a.epochs", "<default>"], **PROGRAM)

    assert asked.recipe.students["a"].epochs is None


def test_the_teacher_may_come_from_elsewhere():
    assert parse(["--teacher.from", "runs/x/teacher"], **PROGRAM).recipe.teacher.from_ == (
        "runs/x/teacher"
    )
