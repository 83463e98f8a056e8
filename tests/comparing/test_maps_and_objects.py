"""Attention maps and boxes that come with predictions: joined, measured, or refused."""

import numpy as np
import pandas as pd
import pytest

from tests.comparing.test_compare import IDS, compare, files, refused  # noqa: F401
from udviz.analysis.object_masks import GRID
from udviz.analysis.store import read_table
from udviz.data.kept_boxes import OBJECTS, read_boxes
from udviz.predictions.cache import open_predictions
from udviz.stats.maps.agreement import map_agreement
from udviz.stats.maps.grids import box_masks, from_zero
from udviz.stats.maps.localisation import localise

RED = [0.25, 0.0, 0.75, 0.5]


@pytest.fixture
def maps(rng):
    """Maps of two models by name, on grids of their own."""
    return {"before": rng.random((300, 6, 6)), "after": rng.random((300, 7, 5))}


def attention(folder, maps):
    """The flags that bring ``maps``, each file in another order."""
    flags = []
    for seed, (name, values) in enumerate(maps.items()):
        order = np.random.default_rng(seed).permutation(300)
        path = folder / f"{name}-maps.npz"
        np.savez(path, attention=values[order], image_ids=np.array(IDS)[order])
        flags += ["--attention", f"{name}={path}"]
    return flags


def boxes(folder, corners, *, label="red", **more):
    table = pd.DataFrame({"image": IDS, "label": label})
    table[["left", "top", "right", "bottom"]] = corners
    table.assign(**more).to_csv(folder / "objects.csv", index=False)
    return ["--objects", str(folder / "objects.csv")]


def test_maps_are_joined_by_id_and_held_against_each_other(files, maps):  # noqa: F811
    study = compare(files, *attention(files, maps))

    for name, values in maps.items():
        cache = open_predictions(study / f"{name}-0" / "predictions" / "test")
        np.testing.assert_array_equal(cache.attention, values.astype(np.float32))
    red = cache.targets[:, 0] == 1
    expected = map_agreement(*(values.astype(np.float32) for values in maps.values()))
    found = read_table(study, "attention_agreement").set_index("label").loc["red"]
    np.testing.assert_allclose(found["correlation"], expected.correlation[red].mean())
    assert found["images"] == red.sum()


def test_boxes_say_how_large_objects_are_and_whether_maps_point_at_them(files, maps):  # noqa: F811
    study = compare(files, *attention(files, maps), *boxes(files, RED))

    red = box_masks(np.array([RED]), height=GRID, width=GRID).repeat(300, axis=0)
    scores = localise(from_zero(maps["after"].astype(np.float32)), red)
    found = read_table(study, "localisation").query("model == 'after'").set_index("label")
    np.testing.assert_allclose(found.loc["red", "energy"], scores.energy.mean())
    assert read_table(study, "labels").set_index("label")["area"]["red"] == 0.25


def test_corners_in_pixels_are_divided_by_the_size_of_the_image(files):  # noqa: F811
    pixels = np.array(RED) * [200, 100, 200, 100]

    study = compare(files, *boxes(files, pixels, width=200, height=100))

    np.testing.assert_allclose(read_boxes(study, n_labels=3).corners, [RED] * 300)


def test_objects_in_other_images_are_counted_and_left_out(files, capsys):  # noqa: F811
    flags = boxes(files, RED)
    table = pd.read_csv(files / "objects.csv")
    table.loc[:1, "image"] = "elsewhere.jpg"
    table.to_csv(files / "objects.csv", index=False)

    study = compare(files, *flags)

    assert "objects.csv: 2 of 300 objects are in images of none" in capsys.readouterr().out
    assert len(read_boxes(study, n_labels=3).image) == 298


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (lambda maps: maps[:, 0], r"must hold maps of shape \(N, h, w\)"),
        (lambda maps: np.zeros((300, 300, 1)), r"sides of 1 to 256 cells.*Average them"),
        (lambda maps: np.where(maps > 0.9, np.nan, maps), "must hold finite numbers, got others f"),
    ],
)
def test_arrays_that_are_no_maps_are_refused(files, maps, changed, told):  # noqa: F811
    broken = {name: changed(values) for name, values in maps.items()}

    refused(files, told, *attention(files, broken))


def test_an_image_without_a_map_is_named(files, maps):  # noqa: F811
    np.savez(files / "some.npz", attention=maps["after"][1:], image_ids=IDS[1:])

    flags = ["--attention", f"after={files / 'some.npz'}"]

    refused(files, "got none of 1, the first being 0.jpg", *flags)


@pytest.mark.parametrize(
    ("corners", "more", "told"),
    [
        ([10, 10, 20, 20], {}, "fractions of the image.*Add columns width and height"),
        ([0.5, 0.1, 0.5, 0.2], {}, "begin before they end.*one of red"),
        (RED, {"label": "mauve"}, "name labels of the targets, got an object called mauve"),
        (RED, {"top": "x"}, "hold numbers in its column top, got x"),
    ],
)
def test_boxes_that_cannot_be_meant_are_refused(files, corners, more, told):  # noqa: F811
    refused(files, told, *boxes(files, corners, **more))


@pytest.mark.parametrize(
    "changed", [{"column": 3}, {"row": -1}, {"left": np.nan}, {"left": 0.9}, {"bottom": "x"}]
)
def test_a_table_of_boxes_that_somebody_changed_is_refused(files, changed):  # noqa: F811
    study = compare(files, *boxes(files, RED))
    table = pd.read_parquet(study / OBJECTS).assign(**changed)
    table.to_parquet(study / OBJECTS)

    with pytest.raises(ValueError, match=r"objects.parquet must hold"):
        read_boxes(study, n_labels=3)
