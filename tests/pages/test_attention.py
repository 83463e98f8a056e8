import shutil
import sys

import numpy as np
import pytest

from tests.pages.caches import cache_of, write_caches
from tests.pages.scenes import dataset_of, write_scenes
from tests.pages.synthetic import (
    EIGHT,
    HOSTILE_NAMES,
    change_tables,
    names_of,
    table_of,
    write_study,
)
from udviz import explain
from udviz.analysis.object_masks import GRID, object_masks
from udviz.figures.style.text import number
from udviz.predictions.cache import open_predictions
from udviz.stats.maps.agreement import map_agreement
from udviz.stats.maps.grids import from_zero
from udviz.stats.maps.localisation import localise
from udviz.ui.attention import image_picker
from udviz.ui.attention.attribution import METHODS
from udviz.ui.attention.selection import with_gain_of
from udviz.ui.frame.view import view_of
from udviz.ui.load.analysis_rows import load_study

PAGE = "pages/5_Attention.py"
LABEL = "yellow star"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A study of scenes, written once."""
    return write_scenes(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture
def shown(original, monkeypatch):
    """It, which nobody changes."""
    monkeypatch.setenv("UDVIZ_RUNS", str(original.parent))
    return original


@pytest.fixture
def copied(original, runs):
    """A copy of it, to be damaged."""
    return shutil.copytree(original, runs / "small")


@pytest.fixture
def asked(trained, monkeypatch):
    """A trained study, whose networks can be asked."""
    monkeypatch.setenv("UDVIZ_RUNS", str(trained.parent))
    return trained


@pytest.fixture
def teacher(original):
    return open_predictions(cache_of(original, "teacher", "test"))


@pytest.fixture
def distilled(original):
    return open_predictions(cache_of(original, "distilled", "test"))


@pytest.fixture
def dataset(original):
    return dataset_of(original)


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

    app.text_input(key="image").set_value(teacher.image_ids[30]).run()

    assert name_shown(app) == teacher.image_ids[30]


def test_a_link_opens_the_image_it_names_also_one_that_lacks_the_label(shown, teacher, open_app):
    other = np.flatnonzero(teacher.targets[:, teacher.label_names.index(LABEL)] != 1)[0]

    app = open_app(PAGE, label=LABEL, image=teacher.image_ids[other])

    assert name_shown(app) == teacher.image_ids[other]
    assert "Not one of the" in told(app)
    assert f"This image has no box or mask of \u2068{LABEL}\u2069" in told(app)


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
    assert pictures(app)[1].startswith(f"◆ teacher: highest, {highest[0]}, at the ")
    assert pictures(app)[2].startswith(f"● distilled: highest, {highest[1]}, at the ")
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
    assert table["Other images (mean)"].tolist() == [
        number(level.correlation.mean(), digits=2),
        number(level.overlap.mean(), digits=2),
    ]
    above = (level.correlation < own.correlation[0]).sum()
    assert table["Exceeds"].iloc[0] == f"{above} of {len(others)} other images"


def test_the_maps_are_held_against_the_object_and_uninformed_maps(
    shown, teacher, distilled, dataset, open_app
):
    app = open_app(PAGE, label=LABEL, by=image_picker.AS_STORED)

    place = carriers(teacher)[0]
    row, column = int(teacher.images["row"].iloc[place]), teacher.label_names.index(LABEL)
    mask = object_masks(dataset, row, height=GRID, width=GRID)[column]
    table = app.table[1].value
    for name, run in (("◆ teacher", teacher), ("● distilled", distilled)):
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
    for name, run in (("◆ teacher", teacher), ("● distilled", distilled)):
        expected = 1 / (1 + np.exp(-run.logits[5]))
        np.testing.assert_allclose(table.loc[list(run.label_names), name], expected, rtol=1e-5)


def test_without_a_label_the_page_speaks_of_the_surest_one_that_the_image_carries(
    shown, teacher, open_app
):
    carried = np.flatnonzero(teacher.targets[5] == 1)
    surest = carried[np.argmax(teacher.logits[5, carried])]

    app = open_app(PAGE, image=teacher.image_ids[5])

    assert f"Evidence for \u2068{teacher.label_names[surest]}\u2069" in told(app)


def test_a_method_that_is_changed_with_the_press_is_the_one_that_is_explained(asked, open_app):
    app = open_app(PAGE, label=LABEL, **{"of-models": "teacher"})

    app.button_group(key="method").set_value("Grad-CAM")
    button(app, "Compute evidence").click().run()

    assert "Computed in" in told(app)


def test_the_methods_offered_are_those_there_are():
    assert list(METHODS) == list(explain.METHODS)


def test_an_explanation_is_made_when_asked_for_and_stays_while_the_opacity_moves(
    asked, teacher, open_app
):
    app = open_app(PAGE, label=LABEL, method="Grad-CAM")
    before = len(pictures(app))

    button(app, "Compute evidence").click().run()
    assert not app.exception
    assert len(pictures(app)) == before + 6  # three models, each with its control
    table = app.table[2].value

    app.slider(key="opacity").set_value(0.2).run()
    assert app.table[2].value.equals(table)

    button(app, "Next image").click().run()
    assert len(pictures(app)) == before


def test_the_explanation_is_that_of_the_model_and_its_control(asked, open_app, tmp_path):
    from udviz.data.images.decoded import DecodedImages

    dataset, run = dataset_of(asked), open_predictions(cache_of(asked, "teacher", "test"))
    app = open_app(PAGE, label=LABEL, by=image_picker.AS_STORED, **{"of-models": "teacher"})
    button(app, "Compute evidence").click().run()

    row = int(run.images["row"].iloc[carriers(run)[0]])
    image = DecodedImages(dataset, side_px=64, directory=tmp_path)[row]
    column = run.label_names.index(LABEL)
    found = explain.explain(asked, "teacher", image, label=column, n_labels=20, method="class map")
    alike = map_agreement(found.trained[None], found.control[None]).correlation[0]
    table = app.table[2].value
    assert table.loc["◆ teacher", "Correlation with random weights"] == number(alike, digits=2)
    mask = object_masks(dataset, row, height=GRID, width=GRID)[column]
    energy = localise(found.trained[None], mask[None]).energy[0]
    assert table.loc["◆ teacher", "Energy inside"] == number(energy, digits=2)
    assert f"logit {number(found.logit, digits=2, sign=True)}" in told(app)


def test_the_uniform_control_shows_that_softmax_weights_change_next_to_nothing(asked, open_app):
    app = open_app(PAGE, label=LABEL)
    assert "almost equal" in told(app)

    button(app, "Compare channel weightings").click().run()

    assert "**softmax: 1.00**" in told(app).replace("\u2068", "").replace("\u2069", "").replace(
        "\u200b", ""
    )
    assert sum(alt.startswith("gradcam") for alt in pictures(app)) == 2


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_checkpoint_that_is_not_whole_is_explained_with_the_command(
    trained, runs, open_app, damage
):
    study = shutil.copytree(trained, runs / "small")
    weights = study / "distilled-0" / "checkpoints" / "best" / "model.safetensors"
    if damage == "missing":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")

    app = open_app(PAGE, label=LABEL, **{"of-models": "distilled"})
    button(app, "Compute evidence").click().run()

    assert not app.exception
    assert "must be a whole checkpoint" in app.error[0].value
    assert r"distilled\-0" in app.error[0].value  # as Markdown
    assert app.code[-1].value.startswith("python -m pipelines.study")


def test_without_torch_the_page_stands_and_says_what_is_missing(shown, open_app, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    monkeypatch.delitem(sys.modules, "udviz.explain", raising=False)
    monkeypatch.delattr("udviz.explain")

    app = open_app(PAGE, label="pink heart", method="occlusion")
    button(app, "Compute evidence").click().run()

    assert not app.exception
    assert "needs the package captum" in app.error[0].value


def test_a_data_set_that_is_gone_leaves_the_maps(copied, open_app):
    recipe = copied / "study.toml"
    recipe.write_text(recipe.read_text().replace("n_train = 40", "n_train = 39"))
    shutil.rmtree(copied.parent / ".decoded", ignore_errors=True)

    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    assert any("has changed since this study was made" in w.value for w in app.warning)
    assert pictures(app)[1].startswith("◆ teacher")


def test_a_data_set_that_changed_is_told_once_where_images_are_stored(original, copied, open_app):
    open_app(PAGE, label=LABEL)  # which stores them
    recipe = copied / "study.toml"
    recipe.write_text(recipe.read_text().replace("n_train = 40", "n_train = 39"))

    app = open_app(PAGE, label=LABEL)

    assert [w.value for w in app.warning if "has changed since" in w.value] == [
        app.warning[0].value
    ]
    assert not any("no box or mask of" in c.value for c in app.caption)


def test_labels_come_with_agreement_and_pointing_of_the_analysis(shown, open_app):
    app = open_app(PAGE)

    rows = table_of(shown, "attention_agreement")
    expected = rows[rows["split"] == "test"].set_index("label")
    pointing = table_of(shown, "localisation")
    pointing = pointing[(pointing["split"] == "test") & (pointing["model"] == "distilled")]
    table = app.dataframe[1].value.set_index("Label")
    order = list(table.index)
    np.testing.assert_allclose(table["Agreement"], expected.loc[order, "correlation"])
    np.testing.assert_allclose(
        table["Energy beyond centre, ● distilled"],
        pointing.set_index("label").loc[order, "energy_beyond_centre"],
    )
    assert table["Agreement"].is_monotonic_increasing
    assert len(app.get("plotly_chart")) == 3
    assert "Spearman's rank correlation" in told(app)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("attention_agreement", "compares no uncertainty attention of these two models"),
        ("localisation", "no boxes or masks"),
    ],
)
def test_what_cannot_be_known_is_said_without_a_command(copied, open_app, name, words):
    change_tables(copied, **{name: table_of(copied, name).head(0)})

    app = open_app(PAGE)

    assert not app.exception
    assert words in app.info[0].value
    assert not app.code
    assert len(app.get("plotly_chart")) == (2 if name == "attention_agreement" else 1)


def test_any_two_models_with_maps_can_be_compared(runs, open_app):
    study = write_scenes(runs / "many", models=EIGHT, with_maps=("teacher", "cal", "pdd"))
    app = open_app(PAGE, label=LABEL, by=image_picker.AS_STORED)
    at_first = [alt.split(":")[0][2:] for alt in pictures(app)[1:3]]
    app = open_app(PAGE, label=LABEL, comparison="baseline → pdd")
    of_comparison = [alt.split(":")[0][2:] for alt in pictures(app)[1:3]]

    app = open_app(PAGE, label=LABEL, by=image_picker.AS_STORED, map="pdd", other="cal")

    assert at_first == ["teacher", "cal"]  # the reference and the first student with maps
    assert of_comparison == ["teacher", "pdd"]
    assert not app.exception
    place = carriers(open_predictions(cache_of(study, "pdd", "test")))[0]
    for alt, model in zip(pictures(app)[1:3], ("pdd", "cal"), strict=True):
        run = open_predictions(cache_of(study, model, "test"))
        highest = number(run.attention[place].max(), digits=2)
        assert alt[2:].startswith(f"{model}: highest, {highest}, at the ")
    assert "compares no uncertainty attention of these two models" in told(app)


def test_a_study_of_one_brought_model_shows_its_images_and_asks_no_network(runs, open_app):
    study = write_scenes(runs / "mine", models=("mine",), with_maps=())
    models = table_of(study, "models")
    change_tables(study, models=models.assign(kind="brought"))

    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    assert "No model of this study has a calibration branch" in told(app)
    assert "trained elsewhere" in told(app)
    assert not [b for b in app.button if b.label == "Compute evidence"]


@pytest.mark.parametrize("n_labels", [1, 2000])
def test_models_without_calibration_branch_are_explained(runs, open_app, n_labels):
    study = write_study(runs / "plain", names=names_of(n_labels))
    write_caches(study, n_images=40)

    app = open_app(PAGE)

    assert not app.exception
    assert "No model of this study has a calibration branch" in told(app)
    assert len(app.dataframe[0].value) == n_labels


def test_a_student_without_maps_leaves_those_of_the_teacher(copied, open_app):
    for split in ("val", "test"):
        shutil.rmtree(cache_of(copied, "distilled", split))

    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    assert "holds no predictions" in app.info[0].value
    assert "Only one model has uncertainty attention" in told(app)
    assert not any(alt.startswith("Difference") for alt in pictures(app))


def test_predictions_of_other_images_are_not_laid_over_these(copied, open_app):
    file = cache_of(copied, "distilled", "test") / "manifest.json"
    fingerprint = open_predictions(file.parent).manifest.dataset_fingerprint
    file.write_text(file.read_text().replace(fingerprint, "another"))

    app = open_app(PAGE, label=LABEL)

    assert not app.exception
    assert "holds predictions of other images or labels" in app.info[0].value
    assert not any(alt.startswith("● distilled") for alt in pictures(app))


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
        assert "Evidence for \u2068" in told(app)


def test_maps_of_a_large_split_are_compared_for_some_images_only(
    shown, teacher, open_app, monkeypatch
):
    image_picker._list.clear()
    monkeypatch.setattr(image_picker, "MOST_MAPS", 20)

    app = open_app(PAGE, by=image_picker.AGREEMENT)

    assert "of 20 images" in told(app)
    image_picker._list.clear()


@pytest.mark.parametrize(
    ("maps", "gain_of"),
    [
        (("teacher", "distilled"), ("baseline", "distilled")),
        (("teacher", "cal"), ("baseline", "cal")),
        (("kd", "teacher"), ("baseline", "kd")),
        (("teacher", "baseline"), ("baseline", "distilled")),  # neither has a gain
    ],
)
def test_maps_are_held_against_the_gain_of_a_model_that_they_are_of(runs, maps, gain_of):
    study = load_study(write_study(runs / "demo", names=names_of(3), models=EIGHT))

    view = with_gain_of(view_of(study, "test"), maps)

    assert view.pair == gain_of
    assert (
        view.labels["gain"].tolist() == view_of(study, "test", pair=gain_of).labels["gain"].tolist()
    )
