"""Symbolic links: an image's never leaves its folder, nothing's leaves `$UDVIZ_DATA`."""

import os
from pathlib import Path

import pytest

from tests.security.attacks import refused, watched
from tests.security.datasets import KINDS, save_photo, write_dataset
from udviz.data.images.decoded import DecodedImages, decoded_folder
from udviz.data.images.files import LINK_OUT
from udviz.data.images.masks import mask_folder, read_label_values
from udviz.data.problems import DataProblems
from udviz.data.source import load_dataset


def replace_by_link(path: Path, target: Path) -> None:
    if path.exists():
        path.rename(path.with_name("moved away"))
    os.symlink(target, path)


def images_of(config):
    return config.folder / {"voc": "JPEGImages", "imagefolder": ""}.get(config.kind, "images")


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_that_is_a_link_out_of_its_folder_is_a_problem(tmp_path, outside, kind):
    config = write_dataset(tmp_path / "data", kind)
    replace_by_link(images_of(config) / "a.jpg", outside.folder / "secret.jpg")

    with pytest.raises(DataProblems, match="is a link to another place") as caught:
        watched(lambda: load_dataset(config))
    assert caught.value.problems[0].kind == LINK_OUT


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_among_the_images_that_is_a_link_out_is_a_problem(tmp_path, outside, kind):
    config = write_dataset(tmp_path / "data", kind, names=("deep/secret", "b", "c"))
    os.symlink(outside.folder, images_of(config) / "deep")

    with pytest.raises(DataProblems, match="is a link to another place"):
        watched(lambda: load_dataset(config))


@pytest.mark.parametrize("kind", KINDS)
def test_links_inside_the_root_of_all_data_are_followed(tmp_path, monkeypatch, kind):
    config = write_dataset(tmp_path / "all" / "mine", kind)
    other = save_photo(tmp_path / "all" / "disk" / "elsewhere.jpg", seed=9)
    replace_by_link(images_of(config) / "a.jpg", other)
    monkeypatch.setenv("UDVIZ_DATA", str(tmp_path / "all"))

    assert load_dataset(config).paths[0] == other


@pytest.mark.parametrize("kind", KINDS)
def test_data_beside_the_root_of_all_data_are_refused(tmp_path, monkeypatch, kind):
    config = write_dataset(tmp_path / "data", kind)
    (tmp_path / "allowed").mkdir()
    monkeypatch.setenv("UDVIZ_DATA", str(tmp_path / "allowed"))

    assert "--data.root: must lie in" in refused(lambda: load_dataset(config))


@pytest.mark.parametrize(
    ("kind", "file", "secret"),
    [
        ("csv", "labels.csv", "secret.csv"),
        ("jsonl", "labels.jsonl", "secret.jsonl"),
        ("imagefolder", "images/metadata.csv", "secret.csv"),
        ("coco", "train.json", "secret.json"),
        ("coco", "test.json", "secret.json"),
        ("voc", "ImageSets/Main/train.txt", "secret.txt"),
        ("csv", "images", ""),
        ("coco", "images", ""),
    ],
)
def test_nothing_that_is_read_is_linked_out_of_the_root_of_all_data(
    tmp_path, outside, monkeypatch, kind, file, secret
):
    config = write_dataset(tmp_path / "data", kind)
    replace_by_link(tmp_path / "data" / file, outside.folder / secret)
    monkeypatch.setenv("UDVIZ_DATA", str(tmp_path / "data"))

    assert "must lie in" in refused(lambda: load_dataset(config))


@pytest.mark.parametrize("place", ["Annotations", "JPEGImages", "ImageSets/Main/cat_train.txt"])
def test_no_part_of_voc_is_linked_out_of_the_root_of_all_data(
    tmp_path, outside, monkeypatch, place
):
    config = write_dataset(tmp_path / "data", "voc")
    if place.endswith(".txt"):
        (tmp_path / "data" / "Annotations").rename(tmp_path / "gone")
        os.symlink(outside.folder / "secret.txt", tmp_path / "data" / place)
    else:
        replace_by_link(tmp_path / "data" / place, outside.folder)
    monkeypatch.setenv("UDVIZ_DATA", str(tmp_path / "data"))

    refused(lambda: load_dataset(config))


def test_a_mask_that_is_a_link_out_of_its_folder_is_not_looked_at(tmp_path, outside):
    (tmp_path / "masks").mkdir()
    os.symlink(outside.folder / "secret.png", tmp_path / "masks" / "a.png")
    (tmp_path / "values.csv").write_text("value,label\n1,cat\n")
    values = read_label_values(tmp_path / "values.csv", ["cat"])

    masks = watched(lambda: mask_folder(tmp_path / "masks", ["a.jpg"], label_of_value=values))

    assert watched(lambda: masks(0)) is None


def test_a_decoded_image_is_not_written_through_a_link(tmp_path, outside):
    dataset = load_dataset(write_dataset(tmp_path / "data", "csv"))
    folder = decoded_folder(tmp_path, fingerprint=dataset.fingerprint, side_px=16)
    folder.mkdir()
    os.symlink(outside.folder / "secret.txt", folder / "pixels.bin")

    with pytest.raises(OSError, match="symbolic link"):
        watched(lambda: DecodedImages(dataset, side_px=16, directory=tmp_path))


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_that_leads_to_itself_is_a_problem_and_not_a_loop(tmp_path, kind):
    config = write_dataset(tmp_path / "data", kind)
    replace_by_link(images_of(config) / "a.jpg", images_of(config) / "a.jpg")

    with pytest.raises(DataProblems, match=r"missing file|unreadable image"):
        watched(lambda: load_dataset(config))


def test_a_data_root_that_is_a_link_itself_is_the_user_s_own(tmp_path):
    config = write_dataset(tmp_path / "disk", "csv")
    os.symlink(tmp_path / "disk", tmp_path / "mine")

    linked = config.model_copy(update={"root": str(tmp_path / "mine")})

    assert len(load_dataset(linked).image_ids) == 3
