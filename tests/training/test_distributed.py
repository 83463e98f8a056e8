"""The calls that differ with several processes, in one process and in real groups of two."""

import pytest
import torch
from torch import nn

from tests.training.processes import run_together
from tests.training.tiny import network
from udviz.method.tasks import student_task, teacher_task, total_loss
from udviz.recipe.schema import LossConfig
from udviz.recipe.students import StudentConfig
from udviz.training import distributed


@pytest.mark.parametrize("n_processes", [1, 2, 3, 5])
@pytest.mark.parametrize("n_rows", [0, 1, 4, 7])
def test_shards_are_consecutive_blocks_that_hold_every_row(monkeypatch, n_rows, n_processes):
    monkeypatch.setattr(distributed, "world_size", lambda: n_processes)
    rows = []
    for rank in range(n_processes):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        rows += list(range(n_rows))[distributed.shard(n_rows)]

    assert rows == list(range(n_rows))


def test_alone_nothing_is_exchanged():
    with distributed.process_group():
        value = torch.ones(3)
        distributed.barrier()

        assert distributed.mean_over_processes(value) is value
        assert distributed.gather_rows(value, n_rows=3) is value


def test_alone_batch_norm_is_that_of_torch():
    module = nn.Sequential(nn.BatchNorm2d(2))

    distributed.synchronise_batch_norm(module)

    assert type(module[0]) is nn.BatchNorm2d


def _gather(path):
    with distributed.process_group():
        for n_rows in (1, 2, 5, 6):
            whole = torch.arange(2.0 * n_rows).view(n_rows, 2)
            own = whole[distributed.shard(n_rows)]
            own = own if len(own) else torch.full((1, 2), -1.0)
            assert torch.equal(distributed.gather_rows(own, n_rows=n_rows), whole)
        mean = distributed.mean_over_processes(torch.tensor(float(distributed.rank())))
        assert mean == 0.5
        distributed.barrier()
        path.with_suffix(f".{distributed.rank()}").touch()


@pytest.mark.training
def test_rows_of_all_processes_are_joined_in_order(tmp_path):
    run_together(_gather, tmp_path / "done", log=tmp_path / "log")

    assert {path.suffix for path in tmp_path.glob("done.*")} == {".0", ".1"}


def _normalised(module, values):
    """Outputs, gradients with respect to input and parameters of a loss that is not linear."""
    values = values.clone().requires_grad_()
    output = module(values)
    output.pow(3).mean().backward()
    return [output.detach(), values.grad, module.weight.grad, module.bias.grad]


def _batch_norm(path, dtype):
    whole = torch.load(path / "values.pt").to(dtype)
    with distributed.process_group():
        holder = nn.Sequential(nn.BatchNorm2d(3))
        distributed.synchronise_batch_norm(holder)
        results = _normalised(holder[0], whole[distributed.shard(len(whole))])
        buffers = [holder[0].running_mean, holder[0].running_var, holder[0].num_batches_tracked]
        torch.save((results, buffers), path / f"{distributed.rank()}.pt")


@pytest.mark.training
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("offset", [0.0, 300.0])  # pretrained features can be in the hundreds
def test_batch_norm_over_two_processes_is_that_of_the_whole_batch(tmp_path, dtype, offset):
    values = torch.randn(6, 3, 4, 5, generator=torch.Generator().manual_seed(0)) + offset
    values[:, 2] = offset  # a channel without variance
    torch.save(values, tmp_path / "values.pt")
    reference = nn.BatchNorm2d(3)
    output, at_input, at_weight, at_bias = _normalised(reference, values.to(dtype))

    run_together(_batch_norm, tmp_path, dtype, log=tmp_path / "log")

    (first, buffers), (second, other) = (torch.load(tmp_path / f"{k}.pt") for k in (0, 1))
    rough = dtype == torch.bfloat16 or offset > 0
    close = {"rtol": 2e-2, "atol": 2e-2} if rough else {"rtol": 1e-4, "atol": 1e-4}
    torch.testing.assert_close(torch.cat([first[0], second[0]]), output, **close)
    # Each process's loss is the mean over its half, so half of its gradients make the whole's.
    torch.testing.assert_close(torch.cat([first[1], second[1]]) / 2, at_input, **close)
    torch.testing.assert_close((first[2] + second[2]) / 2, at_weight, **close)
    torch.testing.assert_close((first[3] + second[3]) / 2, at_bias, **close)
    torch.testing.assert_close(buffers[0], reference.running_mean)
    torch.testing.assert_close(buffers[1], reference.running_var, rtol=1e-4, atol=1e-4)
    assert all(torch.equal(a, b) for a, b in zip(buffers, other, strict=True))
    assert buffers[2] == 1


def _task(kind):
    if kind == "teacher":
        return teacher_task(network(), LossConfig())
    more = {"attention_weight": 10.0} if kind == "ud" else {}
    settings = StudentConfig(method=kind, **more)
    ours = network(calibration=settings.way.calibration)
    return student_task(ours, LossConfig(), settings, teacher=network(seed=1))


def _images_and_targets():
    random = torch.Generator().manual_seed(0)
    images = torch.randn(16, 3, 32, 32, generator=random)
    return images, torch.randint(-1, 2, (16, 4), generator=random).to(torch.int8)


def _gradients(model, task, images, targets):
    terms = task.terms(model(images), images, targets)
    total_loss(terms).backward()
    losses = {name: term.value for name, term in terms.items()}
    return losses, {name: p.grad for name, p in task.network.named_parameters()}


def _shared_step(path, kind):
    with distributed.process_group():
        task = _task(kind)
        distributed.synchronise_batch_norm(task.network)
        model = nn.parallel.DistributedDataParallel(task.network, forward_sync_buffers=False)
        own = distributed.shard(16)
        images, targets = _images_and_targets()
        losses, gradients = _gradients(model, task, images[own], targets[own])
        losses = {name: distributed.mean_over_processes(v.detach()) for name, v in losses.items()}
        torch.save((losses, gradients), path / f"{distributed.rank()}.pt")


@pytest.mark.training
@pytest.mark.parametrize("kind", ["teacher", "ud", "cam"])
def test_losses_and_gradients_of_a_step_do_not_depend_on_the_number_of_processes(tmp_path, kind):
    task = _task(kind)
    losses, gradients = _gradients(task.network, task, *_images_and_targets())

    run_together(_shared_step, tmp_path, kind, log=tmp_path / "log")

    shared_losses, shared = torch.load(tmp_path / "0.pt")
    for name, value in losses.items():
        torch.testing.assert_close(shared_losses[name], value.detach(), rtol=1e-5, atol=1e-6)
    # Not relative to each parameter: before a BatchNorm some gradients are 0 but for rounding.
    length = torch.stack([gradient.norm() for gradient in gradients.values()]).norm()
    for name, gradient in gradients.items():
        error = (shared[name] - gradient).norm() / length
        assert error < 1e-5, f"{name}: {error:.1e}"
