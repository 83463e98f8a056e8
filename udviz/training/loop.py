"""The one training loop. It does not know whether it distills."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from udviz.data.fingerprint import DataRecord
from udviz.method.network import Output, TwoHeadedNetwork
from udviz.method.normalisation import n_channels, n_dead_channels
from udviz.method.tasks import Task, total_loss
from udviz.recipe.networks import NetworkConfig
from udviz.recipe.schema import AugmentConfig
from udviz.stats.ranking.ranking import average_precision
from udviz.studies.directory import RunDirectory
from udviz.training import distributed
from udviz.training.batches import EpochSteps, ImageRows, loader
from udviz.training.device import Compute
from udviz.training.inference import InferenceOptions, predict_logits
from udviz.training.progress import LossMeter, Progress, StopRequest, Stopwatch
from udviz.training.schedule import build_optimizer, learning_rate, set_learning_rate
from udviz.training.state import EventLog, TrainingState, Validation, restore, save
from udviz.training.transforms import augment, draw_augmentation, normalise

LOG_EVERY = 20  # steps


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingPlan:
    """What a run trains on and how.

    Attributes:
        data: Which data set; kept in every checkpoint.
        rows: Pixels and training targets of the whole data set.
        train: Image indices of the training split.
        val: Image indices of the validation split.
        val_targets: (len(val), L) targets that validation is scored against.
        network: Epochs, batch size, optimiser.
        augment: Random changes of the training images.
        compute: Device and precision.
        workers: Data-loader processes.
        seed: Of order and augmentation.
    """

    data: DataRecord
    rows: ImageRows
    train: np.ndarray
    val: np.ndarray
    val_targets: np.ndarray
    network: NetworkConfig
    augment: AugmentConfig
    compute: Compute
    workers: int
    seed: int


@dataclass(frozen=True, eq=False, kw_only=True)
class _Session:
    """One process at work on a run.

    Attributes:
        task: Network and losses.
        model: The network, averaging its gradients over processes where there are several.
        plan: Data and settings.
        optimizer: Of the network's parameters.
        state: Place in the schedule; moves on.
        run: Where checkpoints and events go.
        log: Writes the events.
        report: Called after every step and epoch.
        stop: Whether someone asked the run to stop.
    """

    task: Task
    model: nn.Module
    plan: TrainingPlan
    optimizer: torch.optim.Optimizer
    state: TrainingState
    run: RunDirectory
    log: EventLog
    report: Callable[[Progress], None]
    stop: StopRequest

    def save_last(self) -> None:
        """Write the checkpoint that a restart goes on from."""
        network, data = self.task.network, self.plan.data
        save(self.run.checkpoints, "last", network, self.optimizer, self.state, data)

    def interrupted(self) -> InterruptedError:
        """Write that checkpoint; the error that ends the epoch under way."""
        self.save_last()
        return InterruptedError(
            f"Stopped in epoch {self.state.epoch + 1}, step {self.state.step}. "
            "Start it again; it continues from here."
        )


def train(
    task: Task, plan: TrainingPlan, run: RunDirectory, report: Callable[[Progress], None]
) -> TrainingState:
    """Train ``task.network`` until the last epoch or early stop; continues where it was left.

    After every epoch the checkpoints ``last`` and, if validation mAP rose, ``best`` are written.
    A run that was killed and started again ends with the same bits as one that was not (on a
    CPU with the same number of threads).

    Args:
        task: Network and losses.
        plan: Data and settings.
        run: Where checkpoints and events go.
        report: Called after every step and epoch, in every process.

    Raises:
        FloatingPointError: If a loss is NaN or infinite; the last good checkpoint stays.
        InterruptedError: If the process was asked to stop; a checkpoint was written.
        ValueError: If a batch cannot be shared out equally among the processes.
    """
    task.to(plan.compute.device)
    distributed.synchronise_batch_norm(task.network)
    optimizer = build_optimizer(task.network, plan.network)
    state = restore(run.checkpoints, task.network, optimizer)
    model, log = _wrapped(task.network, plan.compute), EventLog(run.events, state)
    with StopRequest() as stop:
        session = _Session(
            task=task,
            model=model,
            plan=plan,
            optimizer=optimizer,
            state=state,
            run=run,
            log=log,
            report=report,
            stop=stop,
        )
        while not is_over(state, plan.network):
            _train_epoch(session)
            _finish_epoch(session)
    return state


def is_over(state: TrainingState, config: NetworkConfig) -> bool:
    """Whether the last epoch is done or patience ran out."""
    impatient = 0 < config.patience <= state.epochs_since_best
    return state.epoch >= config.epochs or impatient


def _train_epoch(session: _Session) -> None:
    plan, state = session.plan, session.state
    steps = EpochSteps(
        plan.train,
        batch_size=plan.network.batch_size,
        seed=plan.seed,
        epoch=state.epoch,
        first_step=state.step,
    )
    session.task.network.train()
    meter = LossMeter(state.loss_sums, state.step)
    watch = Stopwatch(n_images=steps.batch_size)
    pin = plan.compute.device.type == "cuda"
    batches = loader(plan.rows, steps, workers=plan.workers, pin=pin)
    for pixels, targets in watch.timed(iter(batches)):
        rate = learning_rate(plan.network, epoch=state.epoch + state.step / steps.n_steps)
        set_learning_rate(session.optimizer, rate)
        meter.add(_step(session, pixels, targets, steps.batch_size))
        state.step += 1
        if state.step % LOG_EVERY == 0 or state.step == steps.n_steps:
            state.loss_sums = meter.checked_sums(state.epoch, state.step)
            session.log.step(state, learning_rate=rate, losses=meter.means(), speed=watch.speed())
        session.report(Progress.of_step(state, steps.n_steps, plan.network.epochs, watch.speed()))
        if session.stop.asked():
            state.loss_sums = meter.checked_sums(state.epoch, state.step)
            raise session.interrupted()
    state.speed = watch.speed()


def _step(session: _Session, pixels: Tensor, targets: Tensor, batch_size: int) -> dict[str, Tensor]:
    """One optimiser step; its randomness depends on (seed, epoch, step) alone."""
    plan, state = session.plan, session.state
    device = plan.compute.device
    seed = step_seed(plan.seed, state.epoch, state.step)
    torch.manual_seed(seed + distributed.rank())  # dropout and stochastic depth
    own = distributed.shard(batch_size)
    changes = draw_augmentation(batch_size, plan.augment, seed=seed)
    images = normalise(pixels.to(device, non_blocking=True))
    images = augment(images, changes.rows(own.start, own.stop))
    with plan.compute.autocast():
        output: Output = session.model(images)
        terms = session.task.terms(output, images, targets.to(device, non_blocking=True))
    session.optimizer.zero_grad(set_to_none=True)
    total_loss(terms).backward()  # type: ignore[no-untyped-call]
    if plan.network.clip_norm > 0:
        nn.utils.clip_grad_norm_(session.task.network.parameters(), plan.network.clip_norm)
    session.optimizer.step()
    return {name: term.value.detach() for name, term in terms.items()}


def step_seed(seed: int, epoch: int, step: int) -> int:
    """Seed of everything random in one step."""
    return int(np.random.SeedSequence((seed, epoch, step)).generate_state(1)[0])


def _wrapped(network: TwoHeadedNetwork, compute: Compute) -> nn.Module:
    """The network alone: a frozen teacher has no gradients to share."""
    if distributed.world_size() == 1:
        return network
    devices = [compute.device] if compute.device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(
        network, device_ids=devices, forward_sync_buffers=False
    )


def _finish_epoch(session: _Session) -> None:
    """Score the validation split, write the checkpoints, grant a request to stop."""
    state, network = session.state, session.task.network

    def grant_stop() -> None:
        if session.stop.asked(now=True):
            raise session.interrupted()

    started = time.perf_counter()
    found = validate(network, session.plan, after_batch=grant_stop)
    seconds = time.perf_counter() - started
    state.close_epoch(float(np.nanmean(found.precision)))
    session.log.epoch(state, found, seconds=seconds)
    if state.epochs_since_best == 0:
        save(session.run.checkpoints, "best", network, None, state, session.plan.data)
    session.save_last()
    session.report(Progress.of_epoch(state, session.plan.network.epochs))
    if session.stop.asked(now=True):
        raise InterruptedError(
            f"Stopped after epoch {state.epoch}. Start it again; it continues from here."
        )


def validate(
    network: TwoHeadedNetwork, plan: TrainingPlan, *, after_batch: Callable[[], None] = lambda: None
) -> Validation:
    """Score the validation split.

    Args:
        network: Network.
        plan: Data and settings.
        after_batch: Called after every batch, in every process; what it raises ends this.

    Raises:
        FloatingPointError: If a logit is NaN or infinite.
        ValueError: If no label has a positive there.
    """
    options = InferenceOptions(
        compute=plan.compute, batch_size=2 * plan.network.batch_size, workers=plan.workers
    )
    logits = predict_logits(network, plan.rows, plan.val, options, after_batch=after_batch)
    if not np.isfinite(logits).all():
        raise FloatingPointError(
            "The validation logits became NaN or infinite. Lower the learning rate, or set "
            "--teacher.clip_norm / --student.clip_norm."
        )
    precision = average_precision(logits, plan.val_targets)
    if np.isnan(precision).all():
        raise ValueError("The validation split must hold at least one positive target, got none.")
    return Validation(
        precision=precision,
        largest_logit=float(np.abs(logits).max()),
        dead_channels=n_dead_channels(network),
        channels=n_channels(network),
    )
