"""Data that change between start and resume: the study stops and names what differs."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from udviz.commands import analyse, predict, study, train
from udviz.data.fingerprint import earlier_fingerprint
from udviz.data.images.decoded import DecodedImages
from udviz.data.images.decoding import ImageError
from udviz.data.source import load_dataset
from udviz.recipe.files import read_recipe
from udviz.studies.directory import decoded_root
from udviz.studies.provenance import DATA
from udviz.training.checkpoint import DIGESTS

pytestmark = pytest.mark.training

N_IMAGES, SIDE_PX = 24, 64
IDS = [f"{number:02d}" for number in range(N_IMAGES)]
SPLITS = ["train"] * 12 + ["val"] * 6 + ["test"] * 6
HEADER = len(f"P6 {SIDE_PX} {SIDE_PX} 255\n")
TINY = (
    *("--quiet", "--hardware.device", "cpu", "--hardware.threads", "1", "--data.side_px", "32"),
    *("--teacher.backbone", "small", "--teacher.epochs", "1", "--teacher.batch_size", "4"),
    *("--student.backbone", "small", "--student.epochs", "1", "--student.batch_size", "4"),
    *("--min_positives", "1"),
)
TABLE = ("--data.kind", "table", "--data.masks", "masks", "--data.mask_labels", "values.csv")


def pixels(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)


def save_images(folder: Path, suffix: str) -> None:
    folder.mkdir(parents=True)
    for seed, image_id in enumerate(IDS):
        Image.fromarray(pixels(seed)).save(folder / f"{image_id}.{suffix}", "PPM")


def write_masks(root: Path, value: int) -> None:
    for image_id in IDS:
        Image.fromarray(np.full((8, 8), value, np.uint8)).save(root / "masks" / f"{image_id}.png")


def write_labels(root: Path, splits: list[str], targets: np.ndarray) -> None:
    frame = pd.DataFrame({"image": [f"{image_id}.ppm" for image_id in IDS], "split": splits})
    frame.assign(cat=targets, dog=1 - targets).to_csv(root / "labels.csv", index=False)


def write_table(root: Path) -> None:
    save_images(root / "images", "ppm")
    (root / "masks").mkdir()
    write_masks(root, 1)
    (root / "values.csv").write_text("value,label\n1,cat\n2,dog\n")
    write_labels(root, SPLITS, np.arange(N_IMAGES) % 2)


def annotation(number: int, *, right: int = 20, difficult: int = 0) -> str:
    """One object of a label, and a second that is easy and lies elsewhere."""
    label = ("cat", "dog")[number % 2]
    return (
        "<annotation><size><width>64</width><height>64</height></size>"
        + "".join(
            f"<object><name>{label}</name><difficult>{flag}</difficult><bndbox><xmin>1</xmin>"
            f"<ymin>1</ymin><xmax>{x}</xmax><ymax>9</ymax></bndbox></object>"
            for flag, x in ((difficult, right), (0, 60))
        )
        + "</annotation>"
    )


def write_voc(root: Path, **changes: int) -> None:
    """Pascal VOC; written again with changes, its annotations are others."""
    if not (root / "JPEGImages").exists():
        save_images(root / "JPEGImages", "jpg")
    for folder in ("ImageSets/Main", "Annotations"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for split in ("train", "val", "test"):
        own = [image_id for image_id, name in zip(IDS, SPLITS, strict=True) if name == split]
        (root / "ImageSets/Main" / f"{split}.txt").write_text("\n".join(own))
    for number, image_id in enumerate(IDS):
        (root / "Annotations" / f"{image_id}.xml").write_text(annotation(number, **changes))


def paint_over(file: Path) -> None:
    """Other pixels in 60 % of an image: as long and as old, its ends and middle as before."""
    whole, times = bytearray(file.read_bytes()), file.stat()
    area = SIDE_PX * SIDE_PX * 3
    for start in (HEADER + area // 8, HEADER + area * 9 // 16):
        whole[start : start + area * 3 // 10] = bytes(area * 3 // 10)
    file.write_bytes(whole)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


class Place:
    """A data set, and a study that was made from it."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.data, self.study = folder / "data", folder / "runs" / "study"
        self.settings = [*TINY, *settings, "--data.root", str(self.data), "--out", str(self.study)]

    def copy(self, folder: Path) -> "Place":
        """The same elsewhere, where it may be changed."""
        copied = Place(folder)
        shutil.copytree(self.data, copied.data)
        shutil.copytree(self.study.parent, copied.study.parent)
        file = copied.study / "study.toml"
        for file in copied.study.rglob("*.toml"):
            file.write_text(file.read_text().replace(str(self.data), str(copied.data)))
        copied.settings = [
            *("--recipe", str(copied.study / "study.toml"), "--out", str(copied.study), "--quiet")
        ]
        return copied

    def contents(self) -> dict[str, bytes]:
        """All that was computed: whatever a refusal may not touch."""
        files = (path for path in self.study.rglob("*") if path.is_file())
        kept = (path for path in files if path.name not in ("status.json", ".lock"))
        return {str(path.relative_to(self.study)): path.read_bytes() for path in kept}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole study of a table with masks."""
    place = Place(tmp_path_factory.mktemp("table"), *TABLE)
    write_table(place.data)
    study.main(place.settings)
    return place


@pytest.fixture(scope="module")
def of_voc(tmp_path_factory):
    """A trained teacher of a data set with boxes."""
    place = Place(tmp_path_factory.mktemp("voc"), "--data.kind", "voc")
    write_voc(place.data)
    train.main([*place.settings, "--model", "teacher"])
    return place


@pytest.fixture
def killed(finished, tmp_path):
    """What a kill leaves in the first run: its last checkpoint, and nothing after it."""
    place = finished.copy(tmp_path)
    for path in place.study.iterdir():
        if path.is_dir() and path.name != "teacher":
            shutil.rmtree(path)
    shutil.rmtree(place.study / "teacher" / "checkpoints" / "best")
    shutil.rmtree(place.study / "teacher" / "predictions")
    for status in place.study.rglob("status.json"):
        status.unlink()
    return place


def exchange_splits(root: Path) -> None:
    swapped = {"train": "test", "test": "train", "val": "val"}
    write_labels(root, [swapped[split] for split in SPLITS], np.arange(N_IMAGES) % 2)


ATTACKS = {
    "splits": (exchange_splits, "its splits differ"),
    "60 % of an image": (lambda root: paint_over(root / "images" / "03.ppm"), "its image files"),
    "all masks": (lambda root: write_masks(root, 2), "its masks differ"),
    "what a mask means": (
        lambda root: (root / "values.csv").write_text("value,label\n2,cat\n1,dog\n"),
        "its masks differ",
    ),
    "targets": (
        lambda root: write_labels(root, SPLITS, 1 - np.arange(N_IMAGES) % 2),
        "its targets differ",
    ),
}


def assert_refused(start, place, names):
    before = place.contents()

    with pytest.raises(ValueError, match="was made from other data") as caught:
        start(place.settings)

    assert names in str(caught.value)
    assert "Put the data back as they were, or choose another --out." in str(caught.value)
    assert place.contents() == before


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_changed_after_a_finish_stops_the_study_and_is_named(finished, tmp_path, attack):
    place = finished.copy(tmp_path)
    change, names = ATTACKS[attack]
    change(place.data)

    assert_refused(study.main, place, names)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_changed_after_a_kill_stops_the_study_and_is_named(killed, attack):
    change, names = ATTACKS[attack]
    change(killed.data)

    assert_refused(study.main, killed, names)


@pytest.mark.parametrize("program", [train, predict, analyse], ids=lambda p: p.__name__)
def test_each_program_stops_before_it_does_anything(finished, tmp_path, program):
    place = finished.copy(tmp_path)
    exchange_splits(place.data)

    assert_refused(program.main, place, "its splits differ")


@pytest.mark.parametrize(
    ("changes", "names"),
    [({"right": 40}, "its boxes differ"), ({"difficult": 1}, "its boxes differ")],
)
def test_boxes_that_changed_stop_the_study(of_voc, tmp_path, changes, names):
    place = of_voc.copy(tmp_path)
    write_voc(place.data, **changes)

    assert_refused(study.main, place, names)


def test_difficult_flags_that_changed_stop_the_study(tmp_path):
    place = Place(tmp_path, "--data.kind", "voc")
    write_voc(place.data)
    shutil.rmtree(place.data / "Annotations")
    lists = place.data / "ImageSets" / "Main"
    for split in ("train", "val", "test"):
        ids = (lists / f"{split}.txt").read_text().split()
        for label, own in (("cat", 0), ("dog", 1)):
            lines = [f"{i} {1 if int(i) % 2 == own else 0 if int(i) > 20 else -1}" for i in ids]
            (lists / f"{label}_{split}.txt").write_text("\n".join(lines))
    train.main([*place.settings, "--model", "teacher"])

    flags = lists / "cat_test.txt"
    flags.write_text("\n".join(x for x in flags.read_text().split("\n") if not x.endswith(" 0")))

    assert_refused(study.main, place, "its *difficult* flags differ")


def test_data_that_are_put_back_are_gone_on_with(killed):
    file = killed.data / "images" / "03.ppm"
    whole = file.read_bytes()
    paint_over(file)
    assert_refused(study.main, killed, "its image files differ")

    file.write_bytes(whole)
    train.main([*killed.settings, "--model", "teacher"])

    assert "resumed" in (killed.study / "teacher" / "events.jsonl").read_text()


def test_a_damaged_record_in_the_last_checkpoint_leaves_the_run_to_say_what_it_was(killed):
    (killed.study / "teacher" / "checkpoints" / "last" / DATA).write_text("[" * 100_000)
    exchange_splits(killed.data)

    assert_refused(study.main, killed, "its images, labels or splits differ")


def test_pixels_that_were_painted_over_are_not_served_from_the_cache(finished, tmp_path):
    place = finished.copy(tmp_path)
    data = read_recipe(place.study / "study.toml").data
    cached = {"side_px": SIDE_PX, "directory": tmp_path / "decoded"}
    before = DecodedImages(load_dataset(data, memory=tmp_path), **cached)[3]

    paint_over(place.data / "images" / "03.ppm")
    after = DecodedImages(load_dataset(data, memory=tmp_path), **cached)[3]

    np.testing.assert_array_equal(before, pixels(3))
    assert (after == 0).all(axis=2).mean() > 0.55


def test_what_is_painted_over_while_a_run_reads_is_not_taken_for_what_it_began_with(
    finished, tmp_path
):
    place = finished.copy(tmp_path)
    dataset = load_dataset(read_recipe(place.study / "study.toml").data)
    images = DecodedImages(dataset, side_px=SIDE_PX, directory=tmp_path / "decoded")

    paint_over(place.data / "images" / "03.ppm")
    write_masks(place.data, 2)
    (place.data / "images" / "04.ppm").chmod(0o600)

    with pytest.raises(ImageError, match=r"03.ppm has changed since the data set was read"):
        images[3]
    with pytest.raises(ImageError, match=r"03.png has changed since the data set was read"):
        dataset.load_mask(3)
    np.testing.assert_array_equal(images[4], pixels(4))


@pytest.fixture
def of_version_1(finished, tmp_path):
    """The finished study as version 1 left it: one digest of data that was looked at less."""
    place = finished.copy(tmp_path)
    dataset = load_dataset(read_recipe(place.study / "study.toml").data)
    earlier = earlier_fingerprint(dataset)
    for digests in place.study.rglob(DIGESTS):
        digests.with_name(DATA).unlink()
        known = json.loads(digests.read_text())
        digests.write_text(json.dumps({name: known[name] for name in known if name != DATA}))
    for manifest in place.study.glob("*/predictions/*/manifest.json"):
        known = json.loads(manifest.read_text()) | {"dataset_fingerprint": earlier}
        del known["dataset_parts"]
        manifest.write_text(json.dumps(known))
    for record in place.study.glob("*/run.toml"):
        record.write_text(record.read_text().replace(dataset.fingerprint, earlier))
    return place


def test_a_study_of_version_1_is_gone_on_with_and_nothing_is_trained_or_predicted(of_version_1):
    before = of_version_1.contents()

    study.main(of_version_1.settings)

    after = of_version_1.contents()
    assert decoded_root(of_version_1.study).is_dir()
    for name in before:
        assert name.startswith("analysis/") or after[name] == before[name], name


def test_splits_exchanged_under_a_study_of_version_1_stop_it(of_version_1):
    exchange_splits(of_version_1.data)

    assert_refused(study.main, of_version_1, "its images, labels or splits differ")
