import json
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.analysis.fake import rows_of
from tests.pages.caches import cache_of, write_cache
from tests.pages.scenes import N_IMAGES, write_scenes
from tests.pages.seen import values
from tests.pages.synthetic import (
    HOSTILE_NAMES,
    add_slices,
    change_tables,
    names_of,
    table_of,
    write_study,
)
from udviz.data.source import load_dataset
from udviz.predictions.cache import open_predictions
from udviz.recipe.files import read_recipe
from udviz.stats.labels.relations import co_occurrence
from udviz.studies.reviews import REVIEWS_FILE, Review, ReviewedTarget, add_review, standing_reviews
from udviz.ui.data import doubt, one_by_one
from udviz.ui.data.annotated_images import carried
from udviz.ui.frame import access
from udviz.ui.labels import gallery

DATA = "pages/6_Data.py"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A study of scenes, written once."""
    return write_scenes(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture
def small(original, runs):
    """A copy of it that may be reviewed."""
    return shutil.copytree(original, runs / "small")


@pytest.fixture
def suspects(small):
    """Possible annotation errors of the test split, most suspect first."""
    table = table_of(small, "suspects")
    return table[table["split"] == "test"].reset_index(drop=True)


def texts(app):
    shown = [*app.markdown, *app.caption, *app.info, *app.success]
    return "\n".join(element.value for element in shown).replace("\\", "").replace("\u2068", "")


def spec(app, place=0):
    return json.loads(app.get("plotly_chart")[place].proto.spec)


def target_of(suspect):
    return int(suspect["direction"] == "extra")


def key_of(suspect):
    return f"review-test-{suspect['image_id']}-{suspect['label']}-{target_of(suspect)}"


def keys_in_tiles(suspects):
    """Keys of the reviews asked on the first page: one tile per image with all its doubts."""
    first = suspects["image_id"].unique()[: gallery.PAGE_SIZE]
    by_image = [suspects[suspects["image_id"] == image] for image in first]
    return [key_of(row) for rows in by_image for _, row in rows.iterrows()]


def target(suspect):
    return ReviewedTarget("test", suspect["image_id"], suspect["label"], target_of(suspect))


def said(study, reviewer=""):
    """What a reviewer says of each target."""
    reviews = standing_reviews(study)
    return {of: review.verdict for (of, name), review in reviews.items() if name == reviewer}


def review(study, suspect, verdict, reviewer=""):
    of, direction = target(suspect), suspect["direction"]
    made = Review(of=of, direction=direction, verdict=verdict, reviewer=reviewer)
    add_review(study, made)


# Labels


def test_the_counts_are_those_of_the_data_set_in_every_split(small, open_app):
    app = open_app(DATA)

    dataset = load_dataset(read_recipe(small / "study.toml").data)
    table = app.dataframe[0].value.set_index("Label")
    for split, heading in {"train": "Training", "val": "Validation", "test": "Test"}.items():
        positives = (dataset.targets[dataset.indices(split)] == 1).sum(axis=0)
        expected = dict(zip(dataset.label_names, positives, strict=True))
        assert table[heading].to_dict() == expected
    assert table["Training"].is_monotonic_decreasing
    assert f"Images: {N_IMAGES} training, {N_IMAGES} validation, {N_IMAGES} test." in texts(app)


def test_the_picture_and_the_table_show_the_same_labels_and_the_filter_holds_for_both(
    small, open_app
):
    app = open_app(DATA)

    app.text_input(key="name").input("DISC").run()

    shown = app.dataframe[0].value["Label"].tolist()
    assert sorted(shown) == ["red disc", "striped disc"]
    assert spec(app)["data"][0]["customdata"] == shown


def test_the_rarest_may_come_first(small, open_app):
    app = open_app(DATA, by="rarest first")

    assert app.dataframe[0].value["Training"].is_monotonic_increasing


def test_the_labels_of_an_image_are_counted_in_the_split_in_view(small, open_app):
    app = open_app(DATA, split="val")

    run = open_predictions(cache_of(small, "teacher", "val"))
    carried = (run.targets == 1).sum(axis=1)
    table = app.dataframe[1].value
    assert table["Images"].tolist() == np.bincount(carried).tolist()
    assert f"have up to {carried.max()} labels" in texts(app)


def test_unknown_targets_are_counted_where_there_are_some(small, open_app):
    counts = table_of(small, "label_counts")
    known = counts["split"] != "test"
    change_tables(small, label_counts=counts.assign(unknown=np.where(known, 0, 5)))

    table = open_app(DATA).dataframe[0].value

    assert table["Unknown, test"].tolist() == [5] * 20
    assert "Unknown, training" not in table


def test_a_study_whose_labels_were_not_counted_says_so(small, open_app):
    change_tables(small, label_counts=table_of(small, "label_counts").head(0))

    app = open_app(DATA)

    assert "label frequencies are not known" in texts(app)
    assert app.code[0].value.startswith("python -m pipelines.study --recipe")


# Pairs


def test_the_pairs_are_those_of_the_targets(small, open_app):
    app = open_app(DATA, part="co-occurrence")

    run = open_predictions(cache_of(small, "teacher", "test"))
    together = co_occurrence(run.targets)
    table = app.dataframe[0].value
    place = {name: column for column, name in enumerate(run.label_names)}
    assert len(table) == 20 * 19
    for _, pair in table.iterrows():
        at = place[pair["Given label"]], place[pair["Co-occurring label"]]
        assert pair["Images with both"] == together.together[at]
        assert pair["Lift"] == pytest.approx(together.lift[at], nan_ok=True)


@pytest.mark.parametrize("measure", ["lift", "P(column | row)"])
def test_the_heat_map_shows_the_chosen_measure_most_frequent_label_first(small, open_app, measure):
    app = open_app(DATA, part="co-occurrence", measure=measure)

    heat, cells = spec(app)["data"]
    run = open_predictions(cache_of(small, "teacher", "test"))
    order = [run.label_names.index(name) for name in cells["customdata"][::20]]
    found = co_occurrence(run.targets[:, order])
    with np.errstate(divide="ignore"):
        lift = np.clip(np.log2(found.lift), -3, 3)
    expected = lift if measure == "lift" else found.conditional
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_allclose(values(heat["z"]), expected)
    assert (np.diff((run.targets[:, order] == 1).sum(axis=0)) <= 0).all()


def test_the_labels_around_an_opened_one_are_those_it_is_most_often_with(runs, open_app):
    write_study(runs / "many", names=names_of(60))
    pairs = [
        {"split": "test", "label": a, "other_label": b, "together": int(b[-4:]), "conditional": 0.1}
        | {"lift": 1.0}
        for a in names_of(60)
        for b in names_of(60)
        if a != b
    ]
    change_tables(runs / "many", co_occurrence=pd.DataFrame(pairs))

    app = open_app(DATA, part="co-occurrence", label="label 0003", pairs="around the opened label")

    rows = [spec(app)["data"][1]["customdata"][row * 21] for row in range(21)]
    assert rows == ["label 0003", *[f"label {place:04d}" for place in range(59, 39, -1)]]


def test_a_split_without_pairs_says_so(study, open_app):
    app = open_app(DATA, part="co-occurrence")

    assert not app.exception
    assert "counted no pairs" in app.info[0].value


# Images


def test_a_caption_names_the_labels_of_its_image(small, open_app):
    app = open_app(DATA, part="images")

    run = open_predictions(cache_of(small, "teacher", "test"))
    first = [run.label_names[column] for column in np.flatnonzero(run.targets[0] == 1)]
    assert len(app.get("image")) == gallery.PAGE_SIZE
    assert f"\n{', '.join(first) or '*no label*'}\n" in texts(app).replace("\u2069", "")


def test_a_caption_tells_present_from_unknown_and_does_not_grow_without_end(tmp_path):
    targets = np.array([[1, -1, 0, *[0] * 11], [-1, -1, 0, *[0] * 11], [1] * 14], np.int8)
    names = tuple(f"tag{place}" for place in range(14))
    write_cache(tmp_path / "test", np.zeros(targets.shape), targets, names=names)
    run = open_predictions(tmp_path / "test")

    said = [carried(run, place).replace("\u2068", "").replace("\u2069", "") for place in range(3)]

    assert said[0] == "tag0 (1 unknown)"
    assert said[1] == "*no label* (2 unknown)"
    assert said[2].endswith("tag11 and 2 more")


@pytest.mark.parametrize(("choice", "target"), [("present", 1), ("absent", 0), ("unknown", -1)])
def test_the_images_can_be_those_with_one_target_of_the_opened_label(
    small, open_app, choice, target
):
    app = open_app(DATA, part="images", label="red disc", target=choice)

    run = open_predictions(cache_of(small, "teacher", "test"))
    n = int((run.targets[:, run.label_names.index("red disc")] == target).sum())
    assert f"{n} of {N_IMAGES} images" in texts(app)
    if not n:
        assert "No image of this split has this target" in texts(app)


def test_a_study_whose_predictions_are_gone_explains_its_images(study, open_app):
    app = open_app(DATA, part="images")

    assert not app.exception
    assert "holds no predictions" in app.info[0].value


# Suspects


def test_the_most_suspect_come_first_with_what_the_data_set_and_the_model_say(suspects, open_app):
    app = open_app(DATA, part="annotation errors")

    first = suspects.iloc[0]
    given = "annotated" if first["direction"] == "extra" else "not annotated"
    said = f"**{first['label']}\u2069**: {given}, predicted probability {first['prob']:.2f}"
    assert said in texts(app)
    assert f"0 of {len(suspects):,} reviewed" in app.get("progress")[0].proto.text
    keys = [group.key for group in app.button_group if group.key.startswith("review-")]
    assert keys == keys_in_tiles(suspects)


def test_that_no_label_has_more_doubts_than_errors_explain_is_told_first(small, open_app):
    labels = table_of(small, "labels")
    change_tables(small, labels=labels.assign(suspect_q=1.0))

    app = open_app(DATA, part="annotation errors")

    said = texts(app)
    assert "No label has more doubts than the model's own errors explain" in said
    assert "Training labels were not judged" in said
    assert app.code[0].value.endswith("--crossfit_folds 2")


def test_labels_that_slices_annotate_differently_are_pointed_to(small, open_app):
    planted = table_of(small, "labels")["label"].iloc[0]
    add_slices(small, planted=planted)

    found = open_app(DATA, part="annotation errors").get("page_link")

    (way,) = [link.proto for link in found if "in some slice than elsewhere" in link.proto.label]
    assert way.label.startswith("1 label ")
    assert "part=slices" in way.query_string


def test_of_labels_that_cannot_be_tested_nothing_is_claimed():
    q = pd.DataFrame({"suspect_q": [0.3, np.nan, np.nan, np.nan]})

    told = doubt.whether_missing(q, training_judged=False)

    assert told.startswith("**No label of 1 that can be tested has more doubts")
    assert "Of the other 3 nothing is known" in told
    assert "Expect most" not in told


def test_labels_that_miss_annotations_beyond_errors_are_named(small, open_app):
    labels = table_of(small, "labels")
    of_first = labels["label"] == labels["label"].iloc[0]
    change_tables(small, labels=labels.assign(suspect_q=np.where(of_first, 0.001, np.nan)))

    said = texts(open_app(DATA, part="annotation errors"))

    assert "Annotations seem to be missing** in 1 of 1 label: " in said


def test_outlier_images_are_told_apart_and_marked(small, suspects, open_app):
    image = suspects["image_id"].iloc[0]
    row = rows_of("outlier_images", split="test", image_id=[image], unmarked=[7], labels=["a, b"])
    change_tables(small, outlier_images=row)

    said = texts(open_app(DATA, part="annotation errors"))

    assert "1 image is an outlier" in said
    assert "*Outlier image: most certain of 7 unannotated labels.*" in said


def test_a_click_is_kept_and_shown_to_the_next_who_comes(small, suspects, open_app):
    first = suspects.iloc[0]
    app = open_app(DATA, part="annotation errors")

    app.button_group(key=key_of(first)).set_value("wrong").run()

    (kept,) = standing_reviews(small).values()
    assert (kept.of, kept.verdict, kept.direction, kept.reviewer) == (
        *(target(first), "wrong", first["direction"]),
        "",
    )
    assert f"1 of {len(suspects):,} reviewed" in app.get("progress")[0].proto.text
    again = open_app(DATA, part="annotation errors")
    assert again.button_group(key=key_of(first)).value == "wrong"


def test_a_second_click_takes_the_review_back(small, suspects, open_app):
    app = open_app(DATA, part="annotation errors")
    app.button_group(key=key_of(suspects.iloc[0])).set_value("right").run()

    app.button_group(key=key_of(suspects.iloc[0])).set_value(None).run()

    assert standing_reviews(small) == {}


def test_the_last_review_can_be_undone_until_none_is_left(small, suspects, open_app):
    app = open_app(DATA, part="annotation errors")
    for row, verdict in enumerate(("wrong", "unsure")):
        app.button_group(key=key_of(suspects.iloc[row])).set_value(verdict).run()

    assert app.get("progress")[0].proto.text.startswith("2 of")

    undo_button(app).click().run()

    assert list(said(small)) == [target(suspects.iloc[0])]
    assert app.get("progress")[0].proto.text.startswith("1 of")
    undo_button(app).click().run()
    assert standing_reviews(small) == {}
    assert undo_button(app).disabled


def test_undo_leaves_alone_what_another_browser_reviewed_since(small, suspects, open_app):
    first = suspects.iloc[0]
    app = open_app(DATA, part="annotation errors")
    app.button_group(key=key_of(first)).set_value("wrong").run()
    add_review(small, Review(of=target(first), direction="missing", verdict="unsure"))

    undo_button(app).click().run()

    assert "somebody has reviewed the same target since" in app.error[0].value
    assert said(small) == {target(first): "unsure"}
    assert app.button_group(key=key_of(first)).value == "unsure"


def undo_button(app):
    return next(button for button in app.button if button.label == "Undo the last review")


@pytest.mark.parametrize(("show", "n"), [("reviewed", 2), ("to review", None), ("all", None)])
def test_the_reviewed_and_the_others_can_be_told_apart(small, suspects, open_app, show, n):
    for _, row in suspects.iloc[[0, 3]].iterrows():
        add_review(small, Review(of=target(row), direction=row["direction"], verdict="wrong"))

    app = open_app(DATA, part="annotation errors", show=show)

    reviewed = suspects.index.isin([0, 3])
    fits = {"reviewed": reviewed, "to review": ~reviewed, "all": reviewed | ~reviewed}[show]
    keys = [group.key for group in app.button_group if group.key.startswith("review-")]
    assert keys == keys_in_tiles(suspects[fits])
    assert n is None or len(keys) == n


def test_suspects_can_be_those_of_one_label_and_one_direction(suspects, open_app):
    label = suspects["label"].iloc[0]

    app = open_app(DATA, part="annotation errors", label=label, direction="missing label")

    fits = suspects[(suspects["label"] == label) & (suspects["direction"] == "missing")]
    assert f"of {len(fits):,} reviewed" in app.get("progress")[0].proto.text
    keys = [group.key for group in app.button_group if group.key.startswith("review-")]
    assert keys == keys_in_tiles(fits)


def test_the_confirmed_errors_are_told_per_label(small, suspects, open_app):
    label = suspects["label"].iloc[0]
    of_label = suspects[suspects["label"] == label]
    verdicts = ["wrong", "wrong", "right", "unsure"]
    for (_, row), verdict in zip(of_label.head(4).iterrows(), verdicts, strict=True):
        add_review(small, Review(of=target(row), direction=row["direction"], verdict=verdict))

    app = open_app(DATA, part="annotation errors")

    (row,) = app.dataframe[0].value.to_dict("records")
    assert row["Label"] == label
    assert row["Confirmed"] == pytest.approx(2 / 3)
    assert (row["Reviewed"], row["Unsure"], row["Possible errors"]) == (4, 1, len(of_label))
    assert values(spec(app)["data"][2]["x"]) == pytest.approx([2 / 3])


def test_a_review_file_with_a_damaged_line_opens_with_the_rest(small, suspects, open_app):
    add_review(small, Review(of=target(suspects.iloc[0]), direction="missing", verdict="wrong"))
    with (small / REVIEWS_FILE).open("ab") as file:
        file.write(b'{"split": "te')

    app = open_app(DATA, part="annotation errors")

    assert not app.exception
    assert "1 of" in app.get("progress")[0].proto.text


def test_a_review_file_that_cannot_be_written_is_explained(small, suspects, open_app):
    app = open_app(DATA, part="annotation errors")
    (small / REVIEWS_FILE).mkdir()

    app.button_group(key=key_of(suspects.iloc[0])).set_value("wrong").run()

    assert not app.exception
    assert "The review was not saved" in app.error[0].value


@pytest.fixture
def reasons(monkeypatch):
    """Why nothing may be changed, as far as the page knows; empty where it may."""
    found = []
    monkeypatch.setattr(access, "may_change", lambda: found[0] if found else None)
    return found


def test_where_nothing_may_be_changed_the_reason_is_told_and_all_is_off(
    suspects, open_app, reasons
):
    reasons.append("This app is for looking only.")

    app = open_app(DATA, part="annotation errors")

    assert "This app is for looking only" in app.info[0].value
    reviews = [group for group in app.button_group if group.key.startswith("review-")]
    assert reviews
    assert all(group.proto.disabled for group in reviews)
    assert undo_button(app).disabled


def test_a_click_after_changing_was_forbidden_reviews_nothing(small, suspects, open_app, reasons):
    app = open_app(DATA, part="annotation errors")
    app.button_group(key=key_of(suspects.iloc[0])).set_value("wrong").run()
    reasons.append("This app is for looking only.")

    app.button_group(key=key_of(suspects.iloc[1])).set_value("wrong")
    app.run()

    assert list(said(small)) == [target(suspects.iloc[0])]
    assert "This app is for looking only" in app.error[0].value


def test_training_targets_are_shown_with_the_images_of_those_that_judged_them(
    small, suspects, open_app
):
    folds = [cache_of(small, "teacher", "val"), cache_of(small, "teacher", "test")]
    for fold, cache in enumerate(folds):
        shutil.copytree(cache, small / f"crossfit-{fold}" / "predictions" / "train")
    images = open_predictions(folds[1]).images
    n_first = len(open_predictions(folds[0]).images)
    of_train = suspects.assign(split="train", image=suspects["image"] + n_first)  # second fold
    change_tables(small, suspects=pd.concat([suspects, of_train], ignore_index=True))

    app = open_app(DATA, part="annotation errors", of="train")

    assert not app.exception
    assert len(app.get("image")) == gallery.PAGE_SIZE
    first = of_train.iloc[0]
    assert images["image_id"].iloc[first["image"] - n_first] == first["image_id"]
    key = key_of(first).replace("review-test-", "review-train-")
    app.button_group(key=key).set_value("wrong").run()
    assert [kept.split for kept in said(small)] == ["train"]


def test_suspects_of_other_images_than_the_predictions_are_not_shown(small, suspects, open_app):
    change_tables(small, suspects=suspects.assign(image=suspects["image"][::-1].to_numpy()))

    app = open_app(DATA, part="annotation errors")

    assert not app.exception
    assert "are of other images than the analysis judged" in app.info[0].value


def test_a_split_without_suspects_says_so(small, open_app):
    table = table_of(small, "suspects")
    change_tables(small, suspects=table[table["split"] == "val"])

    app = open_app(DATA, part="annotation errors")

    assert app.info[0].value == "No possible annotation errors in the test split."
    assert not app.code


def test_the_images_are_those_that_the_reference_judged_in_a_study_without_a_teacher(
    runs, open_app
):
    study = write_scenes(runs / "mine", models=("mine", "other"), with_maps=())

    app = open_app(DATA, part="annotation errors")

    assert not app.exception
    first = table_of(study, "suspects").query("split == 'test'").iloc[0]
    run = open_predictions(cache_of(study, "mine", "test"))
    assert run.images["image_id"].iloc[first["image"]] == first["image_id"]
    assert first["label"] in texts(app)
    assert len(open_app(DATA, part="images").get("image")) == gallery.PAGE_SIZE


# Reviewers


def test_reviews_of_two_names_stand_side_by_side_and_each_sees_their_own(small, suspects, open_app):
    first, second = suspects.iloc[0], suspects.iloc[1]
    adas = open_app(DATA, part="annotation errors", reviewer="Ada")
    adas.button_group(key=key_of(first)).set_value("wrong").run()

    bens = open_app(DATA, part="annotation errors", reviewer=" Ben ")
    assert bens.button_group(key=key_of(first)).value is None
    assert "By the link you are **Ben\u2069**" in texts(bens)
    bens.button_group(key=key_of(first)).set_value("right").run()
    bens.button_group(key=key_of(second)).set_value("wrong").run()

    assert said(small, "Ada") == {target(first): "wrong"}
    assert said(small, "Ben") == {target(first): "right", target(second): "wrong"}
    assert bens.get("progress")[0].proto.text.startswith("2 of")
    assert "1 target of this split to change; reviewers differ on 1." in texts(bens)


def test_a_name_stays_when_the_page_is_left(small, open_app):
    app = open_app(DATA, part="annotation errors")
    app.text_input(key="reviewer").input("Ada").run()
    assert "By the link" not in texts(app)
    app.switch_page("pages/1_Difficulty.py").run()
    app.query_params.pop("reviewer", None)

    app.switch_page(DATA)
    app.query_params["part"] = "annotation errors"
    app.run()

    assert app.text_input(key="reviewer").value == "Ada"


def test_agreement_is_told_where_two_judged_the_same(small, suspects, open_app):
    for row, (adas, bens) in enumerate(
        [("wrong", "wrong"), ("right", "right"), ("wrong", "right")]
    ):
        review(small, suspects.iloc[row], adas, "Ada")
        review(small, suspects.iloc[row], bens, "Ben")
    review(small, suspects.iloc[3], "unsure", "Cy")

    app = open_app(DATA, part="annotation errors", show="reviewers differ")

    assert "Reviewed: Ada\u2069 3, Ben\u2069 3, Cy\u2069 1." in texts(app)
    (table,) = (t.value for t in app.dataframe if t.value.index.name == "Reviewers")
    (row,) = table.reset_index().to_dict("records")
    assert (row["Reviewers"], row["Both reviewed"], row["Same answer"]) == ("Ada, Ben", "3", "2")
    assert row["Same answer, share"].startswith("0.67 (0.21 to 0.94)")
    assert row["Cohen's κ"].startswith("0.40 (")  # (2/3 - 4/9) / (1 - 4/9)
    keys = [group.key for group in app.button_group if group.key.startswith("review-")]
    assert keys == [key_of(suspects.iloc[2])]
    assert "Ada:\u200b change label, Ben:\u200b keep label" in texts(app)
    assert "Ben:\u200b keep label" not in texts(open_app(DATA, part="annotation errors"))


def test_kappa_that_is_undefined_is_said_to_be(small, suspects, open_app):
    for name in ("Ada", "Ben"):
        review(small, suspects.iloc[0], "wrong", name)

    app = open_app(DATA, part="annotation errors")

    (table,) = (t.value for t in app.dataframe if t.value.index.name == "Reviewers")
    assert table["Cohen's κ"].tolist() == ["undefined"]


def test_the_command_that_writes_the_corrected_labels_is_shown(small, suspects, open_app):
    review(small, suspects.iloc[0], "wrong")

    code = open_app(DATA, part="annotation errors").code

    assert code[-1].value.endswith("small --to huggingface --model teacher")  # scenes: no table


# One image at a time

ONE = {"part": "annotation errors", "view": "one image at a time"}


@pytest.fixture
def at_once(monkeypatch):
    """Lets a test answer as soon as an image is drawn."""
    monkeypatch.setattr(one_by_one, "LEAST_LOOK", 0.0)


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()


def in_order(suspects):
    """As they are asked: image by image, in the order of their first doubt."""
    place = {image: n for n, image in enumerate(suspects["image_id"].unique())}
    return suspects.loc[suspects["image_id"].map(place).sort_values(kind="stable").index]


def shown_image(app):
    return app.query_params["image"]


def test_answers_go_through_the_doubts_image_by_image(small, suspects, open_app, at_once):
    app = open_app(DATA, **ONE, reviewer="Ada")
    rows = in_order(suspects).reset_index(drop=True)

    for answer in ("Change label", "Keep label", "Unsure"):
        press(app, answer)

    assert said(small, "Ada") == {
        target(rows.iloc[place]): verdict
        for place, verdict in enumerate(["wrong", "right", "unsure"])
    }
    assert f"3 of {len(suspects):,} reviewed" in app.get("progress")[0].proto.text
    assert shown_image(app) == rows.loc[3, "image_id"]
    assert f"**{rows.loc[3, 'label']}\u2069**: " in texts(app)
    assert not app.exception


def test_undo_goes_back_to_its_image_and_next_leaves_one_for_later(
    small, suspects, open_app, at_once
):
    n_images = suspects.groupby("label")["image_id"].nunique()
    label = n_images[n_images > 1].idxmin()
    images = suspects.loc[suspects["label"] == label, "image_id"].tolist()
    app = open_app(DATA, **ONE, label=label)
    press(app, "Next image")
    assert shown_image(app) == images[1]
    press(app, "Change label")

    press(app, "Undo the last review")

    assert (said(small), shown_image(app)) == ({}, images[1])
    for _ in images[1:]:
        press(app, "Next image")
    assert shown_image(app) == images[0]


def test_the_evidence_of_the_model_waits_until_it_is_asked_for(suspects, open_app):
    app = open_app(DATA, **ONE)
    assert "predicted probability" not in texts(app)

    press(app, "Show the model's evidence")
    assert f"predicted probability {suspects['prob'].iloc[0]:.2f}" in texts(app)

    press(app, "Next image")
    assert "predicted probability" not in texts(app)


def test_a_key_pressed_before_the_image_can_have_been_seen_counts_for_nothing(
    small, open_app, monkeypatch
):
    monkeypatch.setattr(one_by_one, "LEAST_LOOK", 1e9)
    app = open_app(DATA, **ONE)

    press(app, "Keep label")

    assert said(small) == {}
    assert not app.exception


def test_a_button_of_the_image_before_answers_nothing(small, suspects, open_app, at_once):
    app = open_app(DATA, **ONE)
    late = next(button for button in app.button if button.label == "Change label")
    app.session_state["_review_asked"] = (target(suspects.iloc[5]), 0.0)  # drawn meanwhile

    late.click().run()

    assert said(small) == {}


def test_an_answer_does_not_replace_what_the_same_reviewer_said_elsewhere(
    small, suspects, open_app, at_once
):
    app = open_app(DATA, **ONE)
    review(small, suspects.iloc[0], "unsure")

    press(app, "Change label")

    assert said(small) == {target(suspects.iloc[0]): "unsure"}
    assert "had an answer already since this was drawn; it stays: *unsure*" in app.error[0].value


def test_an_answer_given_while_the_name_changes_is_nobodys(small, suspects, open_app, at_once):
    app = open_app(DATA, **ONE)
    app.text_input(key="reviewer").input("Ben")

    press(app, "Change label")

    assert standing_reviews(small) == {}
    assert "the reviewer's name has changed since" in app.error[0].value


def test_when_all_are_reviewed_that_is_said_and_the_last_can_be_undone(
    small, suspects, open_app, at_once
):
    label = suspects["label"].iloc[0]
    of_label = suspects[suspects["label"] == label]
    for _, row in of_label.iloc[1:].iterrows():
        review(small, row, "right")
    app = open_app(DATA, **ONE, label=label)

    press(app, "Keep label")

    assert app.success[0].value == one_by_one.ALL_DONE
    press(app, "Undo the last review")
    assert shown_image(app) == of_label["image_id"].iloc[0]


# Import report


def test_a_data_set_without_problems_is_said_to_have_none(small, open_app):
    app = open_app(DATA, part="import report")

    assert "No problems were found" in app.success[0].value


def test_what_was_found_when_reading_is_told_with_its_examples(small, open_app):
    problems = [
        {"kind": "missing *file*", "count": 1204, "fatal": True, "examples": "a.jpg\n<b>.jpg"},
        {"kind": "leak", "count": 2, "fatal": False, "examples": "c.jpg"},
    ]
    change_tables(small, problems=pd.DataFrame(problems))

    app = open_app(DATA, part="import report")

    assert "**1,206 problems**" in texts(app)
    assert "missing *file*" in texts(app)
    assert "1,204 (unusable)" in texts(app)
    assert "2 (kept)" in texts(app)
    assert app.code[0].value == "a.jpg\n<b>.jpg"


# Odd studies


@pytest.mark.parametrize(
    "part", ["label frequency", "co-occurrence", "images", "annotation errors", "import report"]
)
def test_odd_studies_draw_or_explain_themselves(odd_study, open_app, part):
    app = open_app(DATA, part=part)

    assert not app.exception
    assert app.get("plotly_chart") or app.info or app.success
    assert all(len(chart.proto.alt) > 40 for chart in app.get("plotly_chart"))


def test_hostile_names_read_as_they_are_in_pairs_and_captions(runs, open_app):
    odd = write_study(runs / "odd", names=list(HOSTILE_NAMES))
    pairs = [
        {"split": "test", "label": a, "other_label": b, "together": 3, "conditional": 0.5}
        | {"lift": 2.0}
        for a in HOSTILE_NAMES
        for b in HOSTILE_NAMES
        if a != b
    ]
    change_tables(odd, co_occurrence=pd.DataFrame(pairs))

    app = open_app(DATA, part="co-occurrence", label=HOSTILE_NAMES[0])

    assert not app.exception
    assert "<script>" not in json.dumps(spec(app)["layout"])
    assert set(spec(app)["data"][1]["customdata"]) == set(HOSTILE_NAMES)
