"""The training loop against what it replaces: ``python -m tests.benchmarks.bench_training``.

JPEG files are the photos below ``$UDVIZ_REAL_DATA/ccp-256/images`` or, without it, generated ones.
Everything runs in one process on one thread, and times are CPU seconds of that process, which
are wall seconds on an idle machine and differ little from them on a busy one.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.transforms import v2

from udviz.data.dataset import Dataset
from udviz.data.fingerprint import record_of
from udviz.data.images.decoded import DecodedImages
from udviz.method.backbones import build_backbone
from udviz.method.network import TwoHeadedNetwork
from udviz.method.tasks import Task, student_task, teacher_task, total_loss
from udviz.method.weights import MEAN, STD
from udviz.recipe.networks import NetworkConfig
from udviz.recipe.schema import AugmentConfig, LossConfig
from udviz.recipe.students import StudentConfig
from udviz.studies.directory import RunDirectory
from udviz.training.batches import ImageRows
from udviz.training.device import Compute
from udviz.training.loop import TrainingPlan, train
from udviz.training.progress import Progress

N_LABELS, BATCH, SIDE_PX = 20, 32, 96
N_IMAGES, N_VAL, EPOCHS = 256, 32, 3
CPU = torch.device("cpu")


def network(name: str, *, calibration: bool = True) -> TwoHeadedNetwork:
    """A network with fixed initial weights."""
    torch.manual_seed(0)
    built = TwoHeadedNetwork(build_backbone(name), N_LABELS, calibration=calibration)
    return built.to(memory_format=torch.channels_last)


def typical_seconds(calls: Sequence[Callable[[], object]], *, rounds: int) -> list[float]:
    """Median CPU time of each call, taken in turn so that all meet the same disturbances."""
    seconds = np.zeros((rounds + 1, len(calls)))
    for row in seconds:
        for column, call in enumerate(calls):
            start = process_time()
            call()
            row[column] = process_time() - start
    return np.median(seconds[1:], axis=0).tolist()  # the first round warms up


def batch() -> tuple[Tensor, Tensor]:
    """Images and targets of a step."""
    random = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, 3, SIDE_PX, SIDE_PX, generator=random)
    targets = torch.rand(BATCH, N_LABELS, generator=random) < 0.1
    return images.to(memory_format=torch.channels_last), targets.to(torch.int8)


def step(task: Task, *, bf16: bool = False) -> Callable[[], None]:
    """One optimiser step of ``task``."""
    images, targets = batch()
    optimizer = torch.optim.AdamW(task.network.parameters(), 1e-3)
    compute = Compute(CPU, bf16)
    task.network.train()

    def call() -> None:
        with compute.autocast():
            terms = task.terms(task.network(images), images, targets)
        optimizer.zero_grad(set_to_none=True)
        total_loss(terms).backward()
        optimizer.step()

    return call


def teacher_forward(teacher: TwoHeadedNetwork) -> Callable[[], None]:
    """The frozen teacher alone."""
    images, _ = batch()

    def call() -> None:
        with torch.no_grad():
            teacher(images)

    return call


def distillation() -> str:
    """A distillation step against its two unavoidable parts."""
    teacher = network("small_wide").eval()
    settings = StudentConfig(method="ud")
    distilled = student_task(network("small"), LossConfig(), settings, teacher=teacher)
    plain = teacher_task(network("small"), LossConfig())
    student, forward = step(plain), teacher_forward(teacher)

    def apart() -> None:
        forward()
        student()

    ours, parts = typical_seconds([step(distilled), apart], rounds=40)
    return (
        f"distillation step, batch {BATCH}: {1e3 * ours:.0f} ms / student step and teacher "
        f"forward alone {1e3 * parts:.0f} ms = {ours / parts:.3f}x (budget <= 1.05x)"
    )


def precision() -> str:
    """One teacher step in fp32 and in bf16."""
    tasks = [teacher_task(network("small_wide"), LossConfig()) for _ in range(2)]
    full, half = typical_seconds([step(tasks[0]), step(tasks[1], bf16=True)], rounds=3)
    return (
        f"teacher step, batch {BATCH}: bf16 {1e3 * half:.0f} ms / fp32 {1e3 * full:.0f} ms "
        f"= {half / full:.2f}x (`auto` takes bf16 with AVX512-BF16 or AMX)"
    )


def photos(folder: Path) -> list[Path]:
    """JPEG files: real ones, or 640 x 480 pixels of smooth noise."""
    root = os.environ.get("UDVIZ_REAL_DATA")
    if root:
        return sorted((Path(root) / "ccp-256" / "images").glob("*.jpg"))[:N_IMAGES]
    random = np.random.default_rng(0)
    paths = [folder / f"{number:03d}.jpg" for number in range(N_IMAGES)]
    for path in paths:
        coarse = Image.fromarray(random.integers(0, 256, (48, 64, 3), dtype=np.uint8))
        coarse.resize((640, 480), Image.Resampling.BICUBIC).save(path, quality=90)
    return paths


def as_dataset(paths: list[Path]) -> Dataset:
    """The files with random targets."""
    n_train = len(paths) - N_VAL
    targets = (np.random.default_rng(0).random((len(paths), N_LABELS)) < 0.2).astype(np.int8)
    return Dataset(
        name="photos",
        label_names=tuple(map(str, range(N_LABELS))),
        image_ids=tuple(path.name for path in paths),
        splits=np.array(["train"] * n_train + ["val"] * N_VAL),
        targets=targets,
        difficult=np.zeros(targets.shape, bool),
        load=lambda index: np.asarray(Image.open(paths[index]).convert("RGB")),
        fingerprint="benchmark",
        paths=tuple(paths),
    )


def our_epochs(dataset: Dataset, folder: Path) -> list[float]:
    """Seconds of each epoch of the whole loop: reading, steps, validation, checkpoints."""
    pixels = DecodedImages(dataset, side_px=SIDE_PX, directory=folder / "decoded")
    val = dataset.indices("val")
    plan = TrainingPlan(
        data=record_of(dataset),
        rows=ImageRows(pixels, dataset.targets),
        train=dataset.indices("train"),
        val=val,
        val_targets=dataset.targets[val],
        network=NetworkConfig(backbone="small", epochs=EPOCHS, batch_size=BATCH),
        augment=AugmentConfig(),
        compute=Compute(CPU, bf16=False),
        workers=0,
        seed=0,
    )
    times = [process_time()]

    def note(progress: Progress) -> None:
        times.append(process_time())

    run = RunDirectory(folder / "run")
    run.path.mkdir()
    train(teacher_task(network("small", calibration=False), LossConfig()), plan, run, note)
    reports_per_epoch = (len(times) - 1) // EPOCHS  # one a step, one after the epoch
    return np.diff(times[::reports_per_epoch]).tolist()


class Photos(TorchDataset[tuple[Tensor, Tensor]]):
    """The usual data set: every image is decoded and augmented whenever it is asked for."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.indices = dataset.indices("train")
        self.change = v2.Compose(
            [
                v2.ToImage(),
                v2.RandomResizedCrop(SIDE_PX, scale=(0.25, 1.0), antialias=True),
                v2.RandomHorizontalFlip(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(MEAN, STD),
                v2.RandomErasing(0.5),
            ]
        )

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor]:
        index = self.indices[item]
        image = Image.open(self.dataset.paths[index]).convert("RGB")
        return self.change(image), torch.from_numpy(self.dataset.targets[index]).float()


def plain_epochs(dataset: Dataset, *, channels_last: bool) -> list[float]:
    """Seconds of each epoch of a loop as in a tutorial: steps only, nothing is saved or scored."""
    model = network("small", calibration=False).train()
    if not channels_last:
        model = model.to(memory_format=torch.contiguous_format)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    batches = DataLoader(Photos(dataset), BATCH, shuffle=True, drop_last=True)
    seconds = []
    for _ in range(2):
        start = process_time()
        for images, targets in batches:
            if channels_last:
                images = images.to(memory_format=torch.channels_last)
            logits = model(images).logits
            loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / BATCH
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        seconds.append(process_time() - start)
    return seconds


def loops() -> list[str]:
    """Epochs of our loop against each other and against the plain one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = as_dataset(photos(folder))
        ours = our_epochs(dataset, folder)
        plain = min(plain_epochs(dataset, channels_last=False))
        plain_last = min(plain_epochs(dataset, channels_last=True))
    n_train = len(dataset.indices("train"))
    n_steps = n_train // BATCH
    rate = [n_steps * BATCH / seconds for seconds in (ours[0], min(ours[1:]), plain, plain_last)]
    return [
        f"epoch of {n_steps * BATCH} JPEGs: first (decodes) {ours[0]:.1f} s / second (cached) "
        f"{ours[1]:.1f} s = {ours[0] / ours[1]:.2f}x",
        f"images per second, whole loop: ours {rate[1]:.0f} (first epoch {rate[0]:.0f}) / plain "
        f"torchvision loop {rate[2]:.0f} = {rate[1] / rate[2]:.2f}x; channels-last plain loop "
        f"{rate[3]:.0f} = {rate[1] / rate[3]:.2f}x",
    ]


def main() -> None:
    """Print one line per ratio."""
    torch.set_num_threads(1)
    print(distillation(), flush=True)
    for line in loops():
        print(line, flush=True)
    print(precision(), flush=True)


if __name__ == "__main__":
    main()
