"""What is said of a teacher before its students start, and when."""

import numpy as np
import pytest

from tests.analysis.conftest import NAMES, write_cache
from udviz.analysis.beforehand import told_after
from udviz.commands import study as command
from udviz.recipe.files import read_recipe, recipe_path
from udviz.studies.models import first_baseline, runs_of
from udviz.studies.status import Status, write_status


@pytest.fixture
def recipe():
    return read_recipe(recipe_path("demo"))


def write_val(study, *, teacher, baseline, rng):
    """Caches of the teacher and the first baseline, by how far each separates three labels."""
    targets = (rng.random((600, 3)) < 0.3).astype(np.int8)
    noise = rng.normal(size=targets.shape)
    for run, separation in (("teacher", teacher), ("baseline-0", baseline)):
        logits = targets * np.array(separation) + noise + 0.1 * rng.normal(size=targets.shape)
        write_cache(study / run / "predictions/val", targets=targets, logits=logits, split="val")


def told(recipe, study):
    return [told_after(recipe, study, run) for run in runs_of(recipe)]


def test_a_teacher_that_is_no_better_is_told_after_the_first_baseline(recipe, tmp_path, rng):
    write_val(tmp_path, teacher=[2.0, 1.0, 0.0], baseline=[1.0, 1.0, 0.0], rng=rng)

    alone, against, *rest = told(recipe, tmp_path)

    assert "on 2 it is clearly better than random ranking; not on blue." in alone
    assert "clearly better than baseline on 1 of 3 labels: expect little of what" in against
    assert "--teacher.epochs" in against
    assert "--teacher.from" in against
    assert set(rest) == {""}


def test_a_teacher_that_is_better_needs_no_advice(recipe, tmp_path, rng):
    write_val(tmp_path, teacher=[3.0] * 3, baseline=[1.0] * 3, rng=rng)

    against = told(recipe, tmp_path)[1]

    assert "on 3 of 3 labels. Its mean AP is +" in against
    assert "--teacher" not in against


def test_nothing_is_said_again_when_every_student_is_taught(recipe, tmp_path, rng):
    write_val(tmp_path, teacher=[1.0] * 3, baseline=[1.0] * 3, rng=rng)
    for run in runs_of(recipe):
        path = run.directory(tmp_path).path
        path.mkdir(exist_ok=True)
        write_status(path, Status(state="finished", stage="", fraction=1.0))

    assert set(told(recipe, tmp_path)) == {""}


def test_it_is_said_before_a_student_of_the_teacher_starts(
    recipe, tmp_path, rng, monkeypatch, capsys
):
    write_val(tmp_path, teacher=[1.0] * 3, baseline=[1.0] * 3, rng=rng)
    monkeypatch.setattr(command, "complete", lambda work, run, *rest: print("run", run.name))
    monkeypatch.setattr(command, "is_complete", lambda work, run: False)
    for name in ("record_study", "load_study_data", "analyse_study", "resolve", "short_lines"):
        monkeypatch.setattr(command, name, lambda *arguments, **named: [])
    report = command.StudyReport(tmp_path, n_parts=3, quiet=True)
    alone = recipe.hardware.model_copy(update={"side_by_side": 1})

    command.run_study(recipe.model_copy(update={"hardware": alone}), tmp_path, report)

    lines = capsys.readouterr().out.splitlines()
    said = next(place for place, line in enumerate(lines) if "clearly better than baseline" in line)
    assert [line for line in lines[:said] if line.startswith("run")] == [
        "run teacher",
        "run baseline-0",
    ]
    assert "run distilled-0" in lines[said:]
    assert len(NAMES) == 3


def test_the_baseline_follows_the_teacher_wherever_the_recipe_names_it(recipe):
    students = dict(reversed(recipe.students.items()))
    turned = recipe.model_copy(update={"students": students})

    assert [run.name for run in runs_of(turned)[:2]] == ["teacher", "baseline-0"]
    assert first_baseline(turned).name == "baseline-0"
