import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.tiny import UNCHANGED, network, plan, settings, silent
from udviz.method import tasks
from udviz.recipe.schema import LossConfig
from udviz.recipe.students import StudentConfig
from udviz.stats.ranking.ranking import average_precision
from udviz.studies.directory import RunDirectory
from udviz.studies.events import read_events
from udviz.training import inference, loop, state
from udviz.training.checkpoint import is_whole, load_checkpoint
from udviz.training.inference import InferenceOptions, predict_logits
from udviz.training.loop import train, validate
from udviz.training.state import TrainingState, Validation

pytestmark = pytest.mark.training


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path / "run")


@pytest.fixture
def other(tmp_path):
    return RunDirectory(tmp_path / "other")


def teaching():
    return tasks.teacher_task(network(), LossConfig())


def taught():
    settings = StudentConfig(method="ud")
    return tasks.student_task(network(), LossConfig(), settings, teacher=network(seed=1))


def prepared(run):
    run.path.mkdir(parents=True)
    return run


def assert_same_checkpoint(first, second, name):
    a, b = (load_checkpoint(run.checkpoints / name) for run in (first, second))
    assert a.weights.keys() == b.weights.keys()
    for weight in a.weights:
        assert torch.equal(a.weights[weight], b.weights[weight]), weight
    assert a.state["place"] == b.state["place"]


def weights_of(run, name):
    return load_checkpoint(run.checkpoints / name).weights


def epochs_of(run):
    return [event for event in read_events(run.events) if event["event"] == "epoch"]


class Ask:
    """A report that sends a signal at one step."""

    def __init__(self, at_report):
        self.left = at_report

    def __call__(self, progress):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_run_learns(run):
    config = settings(epochs=6, learning_rate=3e-3)
    training = plan(config, augment=UNCHANGED)

    result = train(teaching(), training, prepared(run), silent)

    losses = [event["losses"]["bce"] for event in epochs_of(run)]
    assert losses[-1] < 0.8 * losses[0]
    assert result.best_score > training.val_targets.mean() + 0.2


def test_every_label_is_scored_by_its_average_precision_on_the_validation_split(run):
    model, training = network(), plan()
    options = InferenceOptions(compute=training.compute, batch_size=16)
    logits = predict_logits(model, training.rows, training.val, options)

    expected = average_precision(logits, training.val_targets)

    found = validate(model, training)

    assert found.precision == pytest.approx(expected)
    assert found.largest_logit == pytest.approx(np.abs(logits).max())


def test_a_validation_split_without_positives_is_refused():
    training = plan()
    blank = replace(training, val_targets=np.zeros_like(training.val_targets))

    with pytest.raises(ValueError, match="must hold at least one positive"):
        validate(network(), blank)


def found_of(precision):
    return Validation(precision=np.array(precision), largest_logit=3.0, dead_channels=0, channels=8)


def test_patience_ends_the_run_and_best_is_the_best_epoch(run, monkeypatch):
    scores = iter([0.5, 0.7, 0.6, 0.7, 0.9])
    seen = []

    def scripted(model, *_, **__):
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return found_of([next(scores), np.nan])

    monkeypatch.setattr(loop, "validate", scripted)
    result = train(teaching(), plan(settings(epochs=9, patience=2)), prepared(run), silent)

    assert (result.epoch, result.best_epoch, result.best_score) == (4, 2, 0.7)
    logged = [(event["validation_map"], event["label_precision"]) for event in epochs_of(run)]
    assert logged[:2] == [(0.5, [0.5, None]), (0.7, [0.7, None])]
    for name, value in weights_of(run, "best").items():
        assert torch.equal(value, seen[1][name]), name
    for name, value in weights_of(run, "last").items():
        assert torch.equal(value, seen[3][name]), name


def moved(run, clip_norm):
    """Length of the first step of SGD at rate 1e-3."""
    config = settings(
        epochs=1,
        batch_size=48,
        optimizer="sgd",
        learning_rate=1e-3,
        final_learning_rate=1e-3,
        weight_decay=0.0,
        clip_norm=clip_norm,
    )
    task = teaching()
    before = [parameter.detach().clone() for parameter in task.network.parameters()]
    train(task, plan(config), prepared(run), silent)
    steps = [a.detach() - b for a, b in zip(task.network.parameters(), before, strict=True)]
    return float(torch.stack([step.norm() for step in steps]).norm())


def test_gradients_are_clipped_to_the_norm_asked_for(run, other):
    assert moved(run, clip_norm=0.05) == pytest.approx(1e-3 * 0.05, rel=0.01)
    assert moved(other, clip_norm=0.0) > 1e-3 * 0.1


@pytest.mark.parametrize(
    ("make_task", "names"),
    [(teaching, {"bce", "cal"}), (taught, {"bernoulli", "softmax", "attention"})],
)
def test_every_named_loss_is_logged(run, make_task, names):
    train(make_task(), plan(), prepared(run), silent)

    events = read_events(run.events)
    assert [event["event"] for event in events] == ["step", "epoch"] * 2
    assert all(set(event["losses"]) == names for event in events)
    assert [event["epoch"] for event in epochs_of(run)] == [1, 2]


def test_reports_count_steps_and_epochs(run):
    fractions = []

    train(teaching(), plan(), prepared(run), lambda p: fractions.append(p.fraction))

    sixth = 1 / 6
    np.testing.assert_allclose(
        fractions, np.array([1, 2, 3, 3, 4, 5, 6, 6]) * sixth, err_msg="3 steps, then the epoch"
    )


def explode_after_first_epoch(monkeypatch):
    monkeypatch.setattr(loop, "learning_rate", lambda config, *, epoch: 1e-3 if epoch < 1 else 1e30)


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_checkpoint(run, monkeypatch):
    explode_after_first_epoch(monkeypatch)

    with pytest.raises(FloatingPointError, match="became NaN or infinite in epoch 2"):
        train(teaching(), plan(settings(optimizer="sgd", epochs=3)), prepared(run), silent)

    last = load_checkpoint(run.checkpoints / "last")
    assert last.state["place"]["epoch"] == 1
    assert all(value.isfinite().all() for value in last.weights.values())
    assert is_whole(run.checkpoints / "best")


def test_weights_that_are_not_finite_are_never_saved(run, monkeypatch):
    """Asked to stop right after the step that broke the weights, before any loss shows it."""
    monkeypatch.setattr(
        loop, "learning_rate", lambda config, *, epoch: 1e-3 if epoch < 1 else float("inf")
    )

    with pytest.raises(FloatingPointError, match=r"weights became NaN or infinite .* in epoch 2"):
        train(teaching(), plan(settings(optimizer="sgd", epochs=3)), prepared(run), Ask(5))

    assert load_checkpoint(run.checkpoints / "last").state["place"]["epoch"] == 1


@pytest.fixture(scope="module", params=[teaching, taught])
def uninterrupted(request, tmp_path_factory):
    """How a task is made, and a run of it that nothing disturbed."""
    run = prepared(RunDirectory(tmp_path_factory.mktemp("uninterrupted") / "run"))
    train(request.param(), plan(), run, silent)
    return request.param, run


@pytest.mark.parametrize("at_report", [1, 3, 4, 6])  # reports 1 to 3: steps, 4: epoch, 5 on: steps
def test_a_stopped_run_continues_to_the_same_bits(uninterrupted, run, at_report):
    make_task, whole = uninterrupted

    with pytest.raises(InterruptedError, match="Start it again; it continues from here"):
        train(make_task(), plan(), prepared(run), Ask(at_report))
    train(make_task(), plan(), run, silent)

    assert_same_checkpoint(whole, run, "last")
    assert_same_checkpoint(whole, run, "best")
    for logged in ("validation_map", "losses"):
        first, second = ([event[logged] for event in epochs_of(r)] for r in (whole, run))
        assert first == second


def test_a_request_to_stop_during_a_validation_is_granted_after_its_batch(run, other, monkeypatch):
    training = plan(settings(batch_size=4))  # validation in batches of 8
    train(teaching(), training, prepared(run), silent)
    n_batches, forward = [], inference.frozen_forward

    def ask(model, images):
        n_batches.append(len(images))
        if len(n_batches) == 3:  # the first of the second epoch
            os.kill(os.getpid(), signal.SIGTERM)
        return forward(model, images)

    monkeypatch.setattr(inference, "frozen_forward", ask)
    with pytest.raises(InterruptedError, match=r"Stopped in epoch 2, step 12\. Start it again"):
        train(teaching(), training, prepared(other), silent)
    assert len(n_batches) == 3
    train(teaching(), training, other, silent)

    assert_same_checkpoint(run, other, "last")
    assert_same_checkpoint(run, other, "best")
    for logged in ("validation_map", "losses"):
        first, second = ([event[logged] for event in epochs_of(r)] for r in (run, other))
        assert first == second


def test_a_request_to_stop_during_the_last_validation_is_granted(run, monkeypatch):
    def ask_while_scoring(model, training, **_):
        os.kill(os.getpid(), signal.SIGTERM)
        return found_of([0.5])

    monkeypatch.setattr(loop, "validate", ask_while_scoring)
    with pytest.raises(InterruptedError, match="Stopped after epoch 1"):
        train(teaching(), plan(settings(epochs=1)), prepared(run), silent)

    assert train(teaching(), plan(settings(epochs=1)), run, silent).epoch == 1


def test_a_run_whose_last_checkpoint_is_damaged_continues_from_the_one_before(run, other):
    training = plan(settings(epochs=3))
    train(teaching(), training, prepared(run), silent)
    with pytest.raises(InterruptedError):  # report 8: the second epoch is done
        train(teaching(), training, prepared(other), Ask(8))
    (other.checkpoints / "last" / "state.pt").write_bytes(b"")

    train(teaching(), training, other, silent)

    assert_same_checkpoint(run, other, "last")
    assert_same_checkpoint(run, other, "best")


def test_a_finished_run_is_left_alone(run):
    train(teaching(), plan(), prepared(run), silent)
    before = weights_of(run, "last")
    n_events = len(read_events(run.events))

    result = train(teaching(), plan(), run, silent)

    assert result.epoch == 2
    assert len(read_events(run.events)) == n_events + 1  # that it was resumed
    assert all(torch.equal(value, before[name]) for name, value in weights_of(run, "last").items())


def test_seeds_shape_the_run(run, other):
    train(teaching(), plan(settings(epochs=1)), prepared(run), silent)
    train(teaching(), plan(settings(epochs=1), seed=1), prepared(other), silent)

    first, second = (weights_of(r, "last")["classification.weight"] for r in (run, other))
    assert not torch.equal(first, second)


def test_step_seeds_differ():
    seeds = {loop.step_seed(s, e, k) for s in range(3) for e in range(3) for k in range(3)}

    assert len(seeds) == 27


def test_an_epoch_is_closed_with_its_mean_losses():
    place = TrainingState(epoch=2, step=4, loss_sums={"bce": 2.0}, best_score=0.5, best_epoch=2)

    place.close_epoch(0.4)

    assert (place.epoch, place.step, place.epochs_since_best) == (3, 0, 1)
    assert (place.best_score, place.best_epoch) == (0.5, 2)
    assert place.mean_losses == {"bce": 0.5}


def test_training_in_bf16_stays_near_that_in_fp32(run, other):
    config = settings(epochs=1, optimizer="sgd")
    half = replace(plan().compute, bf16=True)

    train(teaching(), plan(config), prepared(run), silent)
    train(teaching(), plan(config, compute=half), prepared(other), silent)

    exact, rough = (epochs_of(r)[0]["losses"] for r in (run, other))
    assert rough == pytest.approx(exact, rel=0.02)
    assert rough != exact
    weights = weights_of(other, "last")
    assert all(value.dtype != torch.bfloat16 for value in weights.values())


def test_a_best_that_was_being_replaced_is_put_back(run):
    train(teaching(), plan(), prepared(run), silent)
    (run.checkpoints / "best").rename(run.checkpoints / ".best.old")

    model = network()
    optimizer = loop.build_optimizer(model, settings())
    state.restore(run.checkpoints, model, optimizer)

    assert is_whole(run.checkpoints / "best")
