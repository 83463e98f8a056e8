import os

import pytest

from udviz.data.images.files import LINK_OUT
from udviz.data.problems import DataProblems
from udviz.data.readers.nuswide import read_nuswide
from udviz.data.source import load_dataset
from udviz.recipe.files import read_recipe, recipe_path

NAMES = {
    "Train": ("actor\\0001_2124494179.jpg", "actor\\0002_174174086.jpg", "zoo\\0003_9.jpg"),
    "Test": ("zoo\\0001_1.jpg", "zoo\\0002_2.jpg"),
}
CELLS = {
    ("sky", "Train"): "101",
    ("sky", "Test"): "01",
    ("airport", "Train"): "010",
    ("airport", "Test"): "10",
}


@pytest.fixture
def folder(tmp_path, save_photo):
    """NUS-WIDE of three photos for training and two for test, with two of the 81 concepts."""
    root = tmp_path / "NUS-WIDE"
    labels = root / "Groundtruth" / "TrainTestLabels"
    labels.mkdir(parents=True)
    (root / "ImageList").mkdir()
    for seed, (word, names) in enumerate(NAMES.items()):
        (root / "ImageList" / f"{word}Imagelist.txt").write_text("\r\n".join(names) + "\r\n")
        for place, name in enumerate(names):
            save_photo(root / "Flickr" / name.replace("\\", "/"), seed=10 * seed + place)
    for (concept, word), cells in CELLS.items():
        (labels / f"Labels_{concept}_{word}.txt").write_text("\n".join(cells) + "\n")
    return root


def read(folder, **settings):
    return read_nuswide(folder, images=folder / "Flickr", **settings)


def test_lists_and_files_of_concepts_give_images_labels_and_splits(folder):
    dataset = read(folder, val_fraction=0.3)

    assert dataset.label_names == ("airport", "sky")
    assert dataset.image_ids[0] == "actor/0001_2124494179.jpg"
    assert dataset.targets.tolist() == [[0, 1], [1, 0], [0, 1], [1, 0], [0, 1]]
    assert dataset.splits.tolist()[3:] == ["test", "test"]
    assert sorted(dataset.splits.tolist()[:3]) == ["train", "train", "val"]
    assert [guess.flag for guess in dataset.guesses] == ["--data.splits"]
    assert dataset.load(3).shape == (16, 24, 3)


def test_the_recipe_reads_it(folder):
    data = read_recipe(recipe_path("nuswide")).data

    dataset = load_dataset(data.model_copy(update={"root": str(folder)}))

    assert len(dataset.image_ids) == 5
    assert [guess.flag for guess in dataset.guesses] == ["--data.splits"]


def test_photos_that_are_no_more_are_named_or_set_aside(folder):
    (folder / "Flickr" / "zoo" / "0001_1.jpg").unlink()

    with pytest.raises(DataProblems, match=r"missing file: 1 \(zoo/0001_1\.jpg"):
        read(folder)
    assert len(read(folder, bad_images="set_aside").image_ids) == 4


def test_a_photo_that_is_a_link_out_of_the_folder_is_refused(folder, save_photo):
    secret = save_photo(folder.parent / "secret.jpg", seed=99)
    photo = folder / "Flickr" / "zoo" / "0001_1.jpg"
    photo.unlink()
    os.symlink(secret, photo)

    with pytest.raises(DataProblems) as caught:
        read(folder)
    assert caught.value.problems[0].kind == LINK_OUT


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("sky_Test", "0\n", r"Labels_sky_Test\.txt must hold a line for each of the 2 images .* 1"),
        ("sky_Train", "1\n-1\n0\n", r"Labels_sky_Train\.txt must hold 0 .* got '-1' in line 2"),
        ("sky_Test", None, "'sky' has only one in .* Add the other, or take it out"),
    ],
)
def test_a_file_of_a_concept_that_does_not_fit_is_named(folder, name, text, message):
    path = folder / "Groundtruth" / "TrainTestLabels" / f"Labels_{name}.txt"
    path.unlink() if text is None else path.write_text(text)

    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read(folder)


def test_a_part_that_is_missing_is_named_with_its_flag(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"--data\.images Flickr"):
        read_nuswide(folder, images=folder / "images")
    (folder / "Groundtruth").rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"holds Groundtruth as --data\.root"):
        read(folder)
    (folder / "ImageList" / "TestImagelist.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"ImageList/TestImagelist\.txt.*--data\.root"):
        read(folder)
