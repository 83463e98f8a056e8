import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from tests.pages.caches import cache_of, write_caches
from tests.pages.synthetic import HOSTILE_NAMES, names_of, write_study
from udviz import explain
from udviz.analysis.object_masks import GRID, object_masks
from udviz.data.source import load_dataset
from udviz.figures.style.text import number
from udviz.predictions.cache import open_predictions
from udviz.recipe.files import read_recipe
from udviz.stats.maps.agreement import map_agreement
from udviz.stats.maps.grids import from_zero
from udviz.stats.maps.localisation import localise
from udviz.ui.attention import image_picker
from udviz.ui.attention.attribution import METHODS

PAGE = "pages/5_Attention.py"
LABEL = "yellow star"


@pytest.fixture
def shown(trained, monkeypatch):
    """The trained study, which nobody changes."""
    monkeypatch.setenv("UDVIZ_RUNS", str(trained.parent))
    return trained


@pytest.fixture
def copied(trained, runs):
    """The trained study, to be damaged."""
    return shutil.copytree(trained, runs / "small")


@pytest.fixture
def teacher(trained):
    return open_predictions(cache_of(trained, "teacher", "test"))


@pytest.fixture
def distilled(trained):
    return open_predictions(cache_of(trained, "distilled", "test"))


@pytest.fixture
def dataset(trained):
    return load_dataset(read_recipe(trained / "study.toml").data)


def told(app):
    parts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.header]
    return "\n".join(element.value for element in parts).replace("\\", "")


def pictures(app):
    """What each picture shows, in words."""
    return [image.alt for images in app.get("image") for image in images.proto.imgs]


def name_shown(app):
    return next(alt for alt in pictures(app)).removeprefix("Image ")


def carriers(run, label=LABEL):
    return np.flatnonzero(run.targets[:, run.label_names.index(label)] == 1)


def test_the_first_image_is_the_one_that_the_teacher_is_most_at_odds_with(shown, teacher, open_app):
    app = open_app(PAGE, label=LABEL)

    column = teacher.label_names.index(LABEL)
    places = carriers(teacher)
    first = places[np.argmax(teacher.disagreement[places, column])]
    assert not app.exception
    assert name_shown(app) == teacher.image_ids[first]
    assert f"1 of {len(places)} images that carry" in told(app)


def test_the_images_can_come_by_how_little_both_maps_agree(shown, teacher, distilled, open_app):
    app = open_app(PAGE, label=LABEL, by=image_picker.AGREEMENT)

    places = carriers(teacher)
    agreement = map_agreement(teacher.attention[places], distilled.attention[places])
    least = places[np.argmin(agreement.correlation)]
    assert name_shown(app) == teacher.image_ids[least]
    assert f"Correlation: {number(agreement.correlation.min())}" in told(app)


def test_next_goes_through_the_list_and_into_the_url(shown, teacher, open_app):
    app = open_app(PAGE, label=LABEL, by=image_picker.AS_STORED)

    button(app, "Next image").click().run()
    second = teacher.image_ids[carriers(teacher)[1]]
    assert name_shown(app) == second
    assert app.query_params["image"] == second

    button(app, "Previous image").click().run()
    assert name_shown(app) == teacher.image_ids[carriers(teacher)[0]]
    assert button(app, "Previous image").disabled


def button(app, label):
    return next(b for b in app.button if b.label == label)


def test_an_image_is_found_by_its_name(shown, teacher, open_app):
    app = open_app(PAGE)

    app.text_input(key="image").set_value(teacher.image_ids[70]).run()

    assert name_shown(app) == teacher.image_ids[70]


def test_a_link_opens_the_image_it_names_also_one_that_lacks_the_label(shown, teacher, open_app):
    other = np.flatnonzero(teacher.targets[:, teacher.label_names.index(LABEL)] != 1)[0]

    app = open_app(PAGE, label=LABEL, image=teacher.image_ids[other])

    assert name_shown(app) == teacher.image_ids[other]
    assert "Not one of the" in told(app)
    assert f"No object of \u2068{LABEL}\u2069 is known in this image" in told(app)


def test_a_name_that_is_no_image_is_said_and_the_first_one_is_shown(shown, open_app):
    app = open_app(PAGE, label=LABEL, image="<b>unicorn</b>")

    assert "No image of this split is called \u2068<b>unicorn</b>\u2069" in told(app)
    assert "image" not in app.query_params
    assert pictures(app)


def test_both_maps_and_their_difference_are_drawn_beside_the_image(
    shown, teacher, distilled, open_app
):
    app = open_app(PAGE, label=LABEL, by=image_picker.AS_STORED)

    place = carriers(teacher)[0]
    highest = [number(run.attention[place].max(), digits=2) for run in (teacher, distilled)]
    assert pictures(app)[1].startswith(f"◆ Teacher: highest, {highest[0]}, at the ")
    assert pictures(app)[2].startswith(f"● Distilled: highest, {highest[1]}, at the ")
    assert pictures(app)[3].startswith("Difference: highest, ")


def test_the_agreement_comes_with_that_of_other_images(shown, teacher, distilled, open_app):
    app = open_app(PAGE, label=LABEL, by=image_picker.AS_STORED)

    place = carriers(teacher)[0]
    table = app.table[0].value
    one, others = teacher.attention[[place]], np.delete(distilled.attention, place, axis=0)
    own = map_agreement(one, distilled.attention[[place]])
    level = map_agreement(np.repeat(one, len(others), axis=0), others)
    assert table["This image"].tolist() == [
        number(own.correlation[0], digits=2),
        number(own.overlap[0], digits=2),
    ]
    assert table["Other images"].tolist() == [
        number(level.correlation.mean(), digits=2),
        number(level.overlap.mean(), digits=2),
    ]
    above = (level.correlation < own.correlation[0]).sum()
    assert table["Higher than"].iloc[0] == f"{above} of {len(others)} others"


def test_the_maps_are_held_against_the_object_and_uninformed_maps(
    shown, teacher, distilled, dataset, open_app
):
    app = open_app(PAGE, label=LABEL, by=image_picker.AS_STORED)

    place = carriers(teacher)[0]
    row, column = int(teacher.images["row"].iloc[place]), teacher.label_names.index(LABEL)
    mask = object_masks(dataset, row, height=GRID, width=GRID)[column]
    table = app.table[1].value
    for name, run in (("◆ Teacher", teacher), ("● Distilled", distilled)):
        score = localise(from_zero(run.attention[[place]]), mask[None])
        assert table.loc[name, "Hit"] == number(score.hit[0], digits=2)
        assert table.loc[name, "Energy inside"] == number(score.energy[0], digits=2)
    assert table.loc["Uniform map", "Energy inside"] == number(mask.mean(), digits=2)


def test_without_the_outline_nothing_is_read_of_the_data_set(shown, open_app, monkeypatch):
    monkeypatch.setattr("udviz.ui.load.images.dataset_of", None)

    app = open_app(PAGE, label=LABEL, objects="false")

    assert not app.exception
    assert "Energy inside" not in app.table[-1].value


def test_every_label_of_the_image_has_its_target_and_the_probabilities(
    shown, teacher, distilled, open_app
):
    app = open_app(PAGE, label=LABEL, image=teacher.image_ids[5])

    table = app.dataframe[0].value.set_index("Label")
    assert len(table) == len(teacher.label_names)
    present = [n for n, t in zip(teacher.label_names, teacher.targets[5], strict=True) if t == 1]
    assert sorted(table.index[: len(present)]) == sorted(present)
    for name, run in (("Teacher", teacher), ("Distilled", distilled)):
        expected = 1 / (1 + np.exp(-run.logits[5]))
        np.testing.assert_allclose(table.loc[list(run.label_names), name], expected, rtol=1e-5)


def test_without_a_label_the_page_speaks_of_the_surest_one_that_the_image_carries(
    shown, teacher, open_app
):
    carried = np.flatnonzero(teacher.targets[5] == 1)
    surest = carried[np.argmax(teacher.logits[5, carried])]
    assert surest > 0

    app = open_app(PAGE, image=teacher.image_ids[5])

    assert f"What speaks for \u2068{teacher.label_names[surest]}\u2069" in told(app)


def test_a_method_that_is_changed_with_the_press_is_the_one_that_is_explained(shown, open_app):
    app = open_app(PAGE, label=LABEL, models="Teacher")

    app.button_group(key="method").set_value("Grad-CAM")
    button(app, "Explain this label").click().run()

    assert "Computed in" in told(app)


def test_the_methods_offered_are_those_there_are():
    assert list(METHODS) == list(explain.METHODS)


def test_an_explanation_is_made_when_asked_for_and_stays_while_the_opacity_moves(
    shown, teacher, open_app
):
    app = open_app(PAGE, label=LABEL, method="Grad-CAM")
    before = len(pictures(app))

    button(app, "Explain this label").click().run()
    assert not app.exception
    assert len(pictures(app)) == before + 6  # three models, each with its control
    table = app.table[2].value

    app.slider(key="opacity").set_value(0.2).run()
    assert app.table[2].value.equals(table)

    button(app, "Next image").click().run()
    assert len(pictures(app)) == before


def test_the_explanation_is_that_of_the_model_and_its_control(
    shown, teacher, dataset, open_app, tmp_path
):
    from udviz.data.images.decoded import DecodedImages

    app = open_app(PAGE, label=LABEL, by=image_picker.AS_STORED, models="Teacher")
    button(app, "Explain this label").click().run()

    row = int(teacher.images["row"].iloc[carriers(teacher)[0]])
    image = DecodedImages(dataset, side_px=64, directory=tmp_path)[row]
    column = teacher.label_names.index(LABEL)
    found = explain.explain(shown, "teacher", image, label=column, n_labels=20, method="class map")
    alike = map_agreement(found.trained[None], found.control[None]).correlation[0]
    table = app.table[2].value
    assert table.loc["◆ Teacher", "Like its random control"] == number(alike, digits=2)
    mask = object_masks(dataset, row, height=GRID, width=GRID)[column]
    energy = localise(found.trained[None], mask[None]).energy[0]
    assert table.loc["◆ Teacher", "Energy inside"] == number(energy, digits=2)
    assert f"logit {number(found.logit, digits=2, sign=True)}" in told(app)


def test_the_uniform_control_shows_that_softmax_weights_change_next_to_nothing(shown, open_app):
    app = open_app(PAGE, label=LABEL)
    assert "almost the same weight for each" in told(app)

    button(app, "Compare with the uniform control").click().run()

    assert "**softmax: 1.00**" in told(app).replace("\u2068", "").replace("\u2069", "").replace(
        "\u200b", ""
    )
    assert sum(alt.startswith("gradcam") for alt in pictures(app)) == 2


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_checkpoint_that_is_not_whole_is_explained_with_the_command(copied, open_app, damage):
    weights = copied / "distilled-0" / "checkpoints" / "best" / "model.safetensors"
    if damage == "missing":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")

    app = open_app(PAGE, label=LABEL, models="Distilled")
    button(app, "Explain this label").click().run()

    assert not app.exception
    assert "must be a whole checkpoint" in app.error[0].value
    assert r"distilled\-0" in app.error[0].value  # as Markdown
    assert app.code[-1].value.startswith("python -m pipelines.study")


def test_without_torch_the_page_stands_and_says_what_is_missing(shown, open_app, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    monkeypatch.delitem(sys.modules, "udviz.explain", raising=False)
    monkeypatch.delattr("udviz.explain")

    app = open_app(PAGE, label="pink heart", method="occlusion")
    button(app, "Explain this label").click().run()

    assert not app.exception
    assert "needs the package captum" in app.error[0].value


def test_a_data_set_that_is_gone_leaves_the_maps(copied, open_app):
    recipe = copied / "study.toml"
    recipe.write_text(recipe.read_text().replace("n_train = 96", "n_train = 95"))
    shutil.rmtree(copied.parent / ".decoded", ignore_errors=True)

    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    assert any("has changed since this study was made" in w.value for w in app.warning)
    assert pictures(app)[1].startswith("◆ Teacher")


def test_a_data_set_that_changed_is_told_once_where_images_are_stored(trained, copied, open_app):
    shutil.copytree(trained.parent / ".decoded", copied.parent / ".decoded")
    recipe = copied / "study.toml"
    recipe.write_text(recipe.read_text().replace("n_train = 96", "n_train = 95"))

    app = open_app(PAGE, label=LABEL)

    assert [w.value for w in app.warning if "has changed since" in w.value] == [
        app.warning[0].value
    ]
    assert not any("No object of" in c.value for c in app.caption)


def test_labels_come_with_agreement_and_pointing_of_the_analysis(shown, open_app):
    app = open_app(PAGE)

    rows = pd.read_parquet(shown / "analysis" / "attention_agreement.parquet")
    expected = rows[rows["split"] == "test"].set_index("label")
    pointing = pd.read_parquet(shown / "analysis" / "localisation.parquet")
    pointing = pointing[(pointing["split"] == "test") & (pointing["role"] == "distilled")]
    table = app.dataframe[1].value.set_index("Label")
    order = list(table.index)
    np.testing.assert_allclose(table["Agreement"], expected.loc[order, "correlation"])
    np.testing.assert_allclose(
        table["On other images"], expected.loc[order, "correlation_elsewhere"]
    )
    np.testing.assert_allclose(
        table["Distilled energy beyond centre"],
        pointing.set_index("label").loc[order, "energy_beyond_centre"],
    )
    assert len(app.get("plotly_chart")) == 3
    assert "Spearman's rank correlation" in told(app)


@pytest.mark.parametrize("name", ["attention_agreement", "localisation"])
def test_an_older_analysis_is_explained_with_the_command(copied, open_app, name):
    (copied / "analysis" / f"{name}.parquet").unlink()

    app = open_app(PAGE)

    assert not app.exception
    assert f"{name}.parquet` is missing" in told(app)
    assert app.code[0].value.startswith("python -m pipelines.study")
    assert len(app.get("plotly_chart")) == (2 if name == "attention_agreement" else 1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("attention_agreement", "no two models with uncertainty attention"),
        ("localisation", "no boxes or masks"),
    ],
)
def test_what_cannot_be_known_is_said_without_a_command(copied, open_app, name, words):
    pd.DataFrame().to_parquet(copied / "analysis" / f"{name}.parquet")

    app = open_app(PAGE)

    assert not app.exception
    assert words in app.info[0].value
    assert not app.code
    assert len(app.get("plotly_chart")) == (2 if name == "attention_agreement" else 1)


@pytest.mark.parametrize("damage", ["no column", "no table"])
def test_a_damaged_table_is_named_with_the_command(copied, open_app, damage):
    file = copied / "analysis" / "localisation.parquet"
    if damage == "no column":
        pd.read_parquet(file).drop(columns="hit").to_parquet(file)
    else:
        file.write_bytes(b"PAR1 no")

    app = open_app(PAGE)

    assert not app.exception
    assert "localisation.parquet" in app.info[0].value
    assert ("lacks the column hit" in app.info[0].value) == (damage == "no column")
    assert app.code[0].value.startswith("python -m pipelines.study")


@pytest.mark.parametrize("n_labels", [1, 2000])
def test_models_without_calibration_branch_are_explained(runs, open_app, n_labels):
    study = write_study(runs / "plain", names=names_of(n_labels))
    write_caches(study, n_images=40)

    app = open_app(PAGE)

    assert not app.exception
    assert "None of these models has a calibration branch" in told(app)
    assert len(app.dataframe[0].value) == n_labels


def test_a_student_without_maps_leaves_those_of_the_teacher(copied, open_app):
    for split in ("val", "test"):
        shutil.rmtree(cache_of(copied, "distilled", split))

    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    assert "holds no predictions" in app.info[0].value
    assert "Only one of these models has uncertainty attention" in told(app)
    assert not any(alt.startswith("Difference") for alt in pictures(app))


def test_predictions_of_other_images_are_not_laid_over_these(copied, open_app):
    file = cache_of(copied, "distilled", "test") / "manifest.json"
    fingerprint = open_predictions(file.parent).manifest.dataset_fingerprint
    file.write_text(file.read_text().replace(fingerprint, "another"))

    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    assert "holds predictions of other images or labels" in app.info[0].value
    assert not any(alt.startswith("● Distilled") for alt in pictures(app))


def test_without_predictions_the_command_is_named(odd_study, open_app):
    app = open_app(PAGE)

    assert not app.exception
    assert "holds no predictions" in app.info[0].value
    assert app.code[0].value.startswith("python -m pipelines.study")


def test_a_label_that_no_image_carries_says_so_and_lists_all(runs, open_app):
    study = write_study(runs / "plain", names=["one", "none"])
    write_caches(study, n_images=1)
    run = open_predictions(cache_of(study, "teacher", "test"))
    absent = run.label_names[int(np.argmin(run.targets[0]))]
    assert run.targets[0].min() == 0

    app = open_app(PAGE, label=absent)

    assert not app.exception
    assert "No image of this split carries" in told(app)


def test_hostile_names_read_as_they_are(runs, open_app):
    study = write_study(runs / "odd", names=list(HOSTILE_NAMES))
    write_caches(study)

    app = open_app(PAGE)

    for name in HOSTILE_NAMES:
        app.selectbox(key="label").set_value(name).run()

        assert not app.exception
        assert "What speaks for \u2068" in told(app)


def test_maps_of_a_large_split_are_compared_for_some_images_only(
    shown, teacher, open_app, monkeypatch
):
    image_picker._list.clear()
    monkeypatch.setattr(image_picker, "MOST_MAPS", 20)

    app = open_app(PAGE, by=image_picker.AGREEMENT)

    assert "of 20 images" in told(app)
    image_picker._list.clear()
