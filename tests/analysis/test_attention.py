"""The tables of attention, against the maps and objects they are of."""

import numpy as np
import pytest
from scipy import stats

from tests.analysis.conftest import NAMES, plan_of, write_cache
from udviz.analysis.object_masks import GRID, object_masks
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.tables.attention import attention_agreement, attention_pairs
from udviz.analysis.tables.objects import localisation, sizes_and_objects
from udviz.data.dataset import Boxes, Dataset
from udviz.stats.maps.grids import from_zero
from udviz.stats.maps.localisation import localisation_table, localise

N_IMAGES, MODELS = 60, ("teacher", "baseline", "kd", "lonely")


@pytest.fixture
def split(tmp_path, rng):
    """Maps of all models but the baseline."""
    targets = (rng.random((N_IMAGES, 3)) < 0.4).astype(np.int8)
    for model in MODELS:
        maps = {} if model == "baseline" else {"attention": rng.random((N_IMAGES, 4, 4))}
        write_cache(
            tmp_path / f"{model}-0" / "predictions" / "test",
            targets=targets,
            logits=rng.normal(size=targets.shape),
            split="test",
            **maps,
        )
    places = {model: {0: tmp_path / f"{model}-0" / "predictions" / "test"} for model in MODELS}
    return SplitPredictions.open("test", places)


@pytest.fixture
def data(rng):
    """Images of which the split holds every other one, in reverse, with boxes of two labels."""
    n_boxes = 900
    corners = np.sort(rng.random((n_boxes, 2, 2)), axis=1).reshape(n_boxes, 4)
    return Dataset(
        name="drawn",
        label_names=NAMES,
        image_ids=tuple(map(str, range(2 * N_IMAGES))),
        splits=np.full(2 * N_IMAGES, "test"),
        targets=np.zeros((2 * N_IMAGES, 3), np.int8),
        difficult=np.zeros((2 * N_IMAGES, 3), dtype=bool),
        load=lambda index: np.zeros((1, 1, 3), np.uint8),
        fingerprint="f",
        boxes=Boxes(
            image=rng.integers(0, 2 * N_IMAGES, n_boxes),
            label=rng.integers(0, 2, n_boxes),
            corners=corners,
            difficult=np.zeros(n_boxes, dtype=bool),
            visible=np.ones(n_boxes),
        ),
    )


def masked(data, calls):
    """The same set with masks in which a label is a column of the image."""

    def load_mask(image):
        calls.append(image)
        mask = np.full((48, 48), -1, np.int16)
        mask[:, image % 40 : image % 40 + 4] = image % 3
        return None if image % 5 == 0 else mask

    return Dataset(**(vars(data) | {"boxes": None, "load_mask": load_mask}))


ROWS = np.arange(2 * N_IMAGES)[::-2]


@pytest.mark.parametrize("kind", ["boxes", "masks"])
def test_objects_gathered_at_once_are_those_of_each_image_alone(data, kind):
    data = data if kind == "boxes" else masked(data, [])

    _, objects = sizes_and_objects(data, {"test": ROWS}, lambda share, what: None)

    gathered = {}
    for part, masks in objects["test"].blocks():
        keys = zip(objects["test"].row[part], objects["test"].label[part], strict=True)
        gathered |= dict(zip(keys, masks, strict=True))
    alone = {
        (row, label): mask
        for row, image in enumerate(ROWS)
        for label, mask in object_masks(data, int(image), height=GRID, width=GRID).items()
    }
    assert gathered.keys() == alone.keys()
    for key, mask in alone.items():
        np.testing.assert_array_equal(gathered[key], mask)


def test_every_mask_is_read_once_and_the_progress_is_told(data):
    calls, shares = [], []

    sizes, _ = sizes_and_objects(
        masked(data, calls), {"test": ROWS}, lambda share, what: shares.append(share)
    )

    assert calls == list(range(2 * N_IMAGES))
    assert shares == [0.0]
    np.testing.assert_allclose(sizes["area"], 4 / 48)


def test_localisation_is_that_of_the_map_of_each_image_against_its_objects(split, data):
    _, objects = sizes_and_objects(data, {"test": ROWS}, lambda share, what: None)

    table = localisation(split, "kd", objects["test"])["localisation"]

    pairs = [
        (row, label, mask)
        for row, image in enumerate(ROWS)
        for label, mask in object_masks(data, int(image), height=GRID, width=GRID).items()
    ]
    rows, labels, masks = zip(*pairs, strict=True)
    maps = from_zero(np.asarray(split.first_run("kd").attention))[list(rows)]
    alone = localisation_table(localise(maps, np.stack(masks)), np.array(labels), label_names=NAMES)
    for column in ("objects", "hit", "energy", "hit_centre", "energy_beyond_centre_low"):
        np.testing.assert_allclose(table[column], alone[column])
    assert set(table["model"]) == {"kd"}


def test_pairs_are_the_reference_with_every_other_model_and_the_comparisons_that_have_maps(split):
    plan = plan_of(comparisons=(("baseline", "kd"), ("kd", "lonely")))

    assert attention_pairs(plan, split) == [
        ("teacher", "kd"),
        ("teacher", "lonely"),
        ("kd", "lonely"),
    ]


def test_a_label_has_the_mean_correlation_of_its_images_and_of_the_next_ones(split):
    table = attention_agreement(split, "teacher", "kd")["attention_agreement"]

    first, second = (
        np.asarray(split.first_run(model).attention).reshape(N_IMAGES, -1)
        for model in ("teacher", "kd")
    )
    carried = np.flatnonzero(split.targets[:, 2] == 1)
    own = [stats.pearsonr(first[k], second[k])[0] for k in carried]
    following = [stats.pearsonr(first[k], second[(k + 1) % N_IMAGES])[0] for k in carried]
    row = table.iloc[2]
    np.testing.assert_allclose(row["correlation"], np.mean(own), rtol=1e-5)
    np.testing.assert_allclose(row["correlation_elsewhere"], np.mean(following), rtol=1e-4)
    assert (row["model"], row["other_model"], row["images"]) == ("teacher", "kd", len(carried))
