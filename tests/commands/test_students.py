"""Studies of named students, trained in this process; the tables are tested elsewhere."""

import shutil
import tomllib

import pytest
import tomli_w

from udviz.commands import study
from udviz.predictions.cache import open_predictions
from udviz.studies.events import read_events
from udviz.studies.status import read_status

TINY = [
    *("--recipe", "demo", "--quiet", "--hardware.threads", "1", "--hardware.device", "cpu"),
    *("--data.n_train", "32", "--data.n_val", "32", "--data.n_test", "32", "--data.side_px", "64"),
    *("--teacher.epochs", "1", "--teacher.batch_size", "16", "--teacher.backbone", "small"),
    *("--student.epochs", "1", "--student.batch_size", "16"),
    "--only_students",
]
PAIR = "baseline,distilled"
LOSSES = {  # what each way to teach logs
    "baseline": {"bce"},
    "asl": {"asl"},
    "cal": {"bce", "cal"},
    "kd": {"bernoulli"},
    "pdd": {"bernoulli", "softmax"},
    "distilled": {"bernoulli", "softmax", "attention"},
    "mld": {"bce", "mld"},
    "cam": {"bce", "cam"},
}
METHODS = ("cal", "kd", "pdd", "mld", "cam")
ADDED = [part for name in METHODS for part in (f"--students.{name}.method", name)]
ALL = ",".join((PAIR, *METHODS, "asl"))
ASL = ["--students.asl.method", "none", "--students.asl.loss", "asl"]
pytestmark = pytest.mark.training


@pytest.fixture(autouse=True)
def _no_tables(monkeypatch):
    monkeypatch.setattr(study, "analyse_study", lambda *arguments, **named: False)
    monkeypatch.setattr(study, "summary", lambda path: "")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A study of the default students, trained; nobody changes it."""
    path = tmp_path_factory.mktemp("students") / "pair"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "analyse_study", lambda *arguments, **named: False)
        patch.setattr(study, "summary", lambda path: "")
        study.main([*TINY, PAIR, "--out", str(path)])
    return path


@pytest.fixture
def copied(pair, request):
    """A copy of it; the decoded images beside it are shared."""
    return shutil.copytree(pair, pair.parent / request.node.name)


def trained(path):
    """Run -> when its best weights were written."""
    weights = path.glob("*/checkpoints/best/model.safetensors")
    return {file.parents[2].name: file.stat().st_mtime_ns for file in weights}


def losses_of(run):
    epochs = [event for event in read_events(run / "events.jsonl") if "losses" in event]
    return set(epochs[-1]["losses"])


def test_added_students_are_trained_by_their_methods_and_nothing_else_is(copied):
    before = trained(copied)

    study.main([*TINY, ALL, *ADDED, *ASL, "--out", str(copied)])

    after = trained(copied)
    assert set(after) - set(before) == {f"{name}-0" for name in (*METHODS, "asl")}
    assert {run: after[run] for run in before} == before
    assert {name: losses_of(copied / f"{name}-0") for name in LOSSES} == LOSSES
    assert all(read_status(copied / run).state == "finished" for run in after)


def test_an_added_seed_is_trained_for_every_student(copied):
    before = trained(copied)

    study.main([*TINY, PAIR, "--seeds", "0,3", "--out", str(copied)])

    after = trained(copied)
    assert set(after) - set(before) == {"baseline-3", "distilled-3"}
    assert {run: after[run] for run in before} == before


def test_another_setting_of_one_student_is_refused_for_it_alone(copied):
    beta = ["--students.distilled.beta", "0.5"]

    with pytest.raises(ValueError, match=r"distilled-0` was trained with other settings"):
        study.main([*TINY, PAIR, *beta, "--out", str(copied)])

    before = trained(copied)
    shutil.rmtree(copied / "distilled-0")
    study.main([*TINY, PAIR, *beta, "--out", str(copied)])
    assert {run for run, when in trained(copied).items() if before[run] != when} == {"distilled-0"}


def test_each_seed_may_have_a_teacher_of_its_own(tmp_path):
    out = tmp_path / "each"

    study.main([*TINY, PAIR, "--teacher_seeds", "each", "--seeds", "1,2", "--out", str(out)])

    assert {"teacher-1", "teacher-2", "distilled-1", "distilled-2"} <= set(trained(out))
    digests = [
        tomllib.loads((out / f"distilled-{seed}" / "run.toml").read_text())["teacher"]["weights"]
        for seed in (1, 2)
    ]
    assert digests[0] != digests[1]


def test_a_second_study_takes_its_teacher_from_the_first(pair):
    out = pair.parent / "second"

    flags = ["--teacher.from", str(pair / "teacher"), "--student.epochs", "2"]
    study.main([*TINY, PAIR, *flags, "--out", str(out)])
    before = trained(out)
    study.main([*TINY, PAIR, *flags, "--out", str(out)])

    assert trained(out) == before
    events = read_events(out / "teacher" / "events.jsonl")
    assert {event["event"] for event in events} == {"beforehand"}
    assert f"taken from {pair / 'teacher'}" in read_status(out / "teacher").message
    first, second = (
        open_predictions(path / "teacher" / "predictions" / "test").logits for path in (pair, out)
    )
    assert (first == second).all()


def test_an_old_study_goes_on_without_training_anything(copied):
    recipe = as_it_was(tomllib.loads((copied / "study.toml").read_text()))
    (copied / "study.toml").write_text(tomli_w.dumps(recipe))
    for run in ("teacher", "baseline-0", "distilled-0"):
        record = tomllib.loads((copied / run / "run.toml").read_text())
        old = {"role": record["model"], "seed": record["seed"], "recipe": recipe}
        (copied / run / "run.toml").write_text(tomli_w.dumps(old))
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*.npy")} | trained(copied)

    asked = ["--recipe", str(copied / "study.toml"), "--out", str(copied), "--quiet"]
    study.main(asked)

    after = {path: path.stat().st_mtime_ns for path in copied.rglob("*.npy")} | trained(copied)
    assert after == before
    assert "[students.distilled]" in (copied / "study.toml").read_text()
    with pytest.raises(ValueError, match=r"distilled-0` was trained with other settings"):
        study.main([*asked, "--students.distilled.temperature", "2"])


def as_it_was(recipe):
    """A recipe in the format of the time of one baseline and one distilled student."""
    names = ("method", "temperature", "attention_weight", "channel_weights", "beta")
    distill = {name: recipe["students"]["distilled"][name] for name in names}
    new = ("students", "comparisons", "reference", "teacher_seeds")
    old = {name: value for name, value in recipe.items() if name not in new}
    del old["teacher"]["from"]
    return old | {"distill": distill}
