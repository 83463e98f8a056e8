"""What the pages advise, from the sentence to where one acts."""

import numpy as np
import pandas as pd
import pytest

from tests.analysis.fake import rows_of
from tests.pages.conftest import DIFFICULTY
from tests.pages.seen import charts, plain, texts, titles, values
from tests.pages.synthetic import change_tables, names_of, table_of
from udviz.stats.difficulty.actions import COLUMNS
from udviz.stats.labels.list_caps import ListCap
from udviz.ui.advice import sentences

LABEL_PAGE, DATA = "pages/4_Label.py", "pages/6_Data.py"
FIRST, SECOND = "label 0001", "label 0002"


def action(**known):
    row = dict.fromkeys(COLUMNS, np.nan) | {"label": "cat", "errors": 137.0} | known
    return pd.Series(row, dtype=object)


REVIEW = action(
    action="review annotations",
    saved=12.4,
    doubted_missing=40.0,
    doubted_extra=3.0,
    doubted_missing_unexplained=30.0,
    surest_unmarked=53.0,
    surest_expected=42.91,
    suspect_q=0.01,
)
PAIR = action(
    action="tell apart",
    saved=107.6,
    partner="owl",
    lift=6.1,
    lift_low=4.2,
    lift_high=8.9,
    share=0.41,
)
PRECISION = {
    "average_precision": 0.07,
    "average_precision_low": 0.04,
    "average_precision_high": 0.12,
    "expected_ap": 0.62,
}
IMAGES = action(
    action="add images", saved=0.4, train_positives=52.0, train_median=347.0, **PRECISION
)
TEACHER = action(
    action="improve the teacher", saved=np.nan, before="baseline", gap=-0.017, **PRECISION
)
RECALIBRATE = action(
    action="recalibrate",
    saved=0.0,
    recalibration="isotonic",
    brier_before=0.079,
    brier_after=0.072,
    ece_before=0.068,
    ece_after=0.02,
    miscalibration_q=0.001,
)


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        (
            REVIEW,
            [
                "**Review its doubted annotations.** 40 missing and 3 extra labels are in doubt; ",
                "30 of the missing ones lie beside no label that explains the doubt.",
                "53 are not labelled where its own errors explain 42.9 (q = 0.010).",
                "Could save **at most 12 of 137** wrong decisions.",
            ],
        ),
        (
            PAIR,
            [
                "**Tell it from owl.** Beside it, false positives are **6.1 times** as frequent "
                "(4.2 to 8.9), and 41% of them lie there: look at both side by side.",
                "Could save **at most 108 of 137** wrong decisions.",
            ],
        ),
        (
            IMAGES,
            [
                "52 training images carry it (median of the labels: 347). Its AP of 0.070 (0.040 "
                "to 0.120) is below 0.620",
                "not a promise",
                "Could save **less than 1 of 137** wrong decisions.",
            ],
        ),
        (
            TEACHER,
            [
                "On validation the teacher is not clearly better than baseline here (AP −0.017)",
                "What a better one would save is not known.",
            ],
        ),
        (
            RECALIBRATE,
            [
                "Isotonic regression, fitted on validation, lowers its Brier score here from 0.079 "
                "to 0.072 and its ECE from 0.068 to 0.020 (miscalibrated, q = 0.001).",
                "It saves no decision: a threshold chosen after it decides alike.",
            ],
        ),
    ],
    ids=lambda value: value["action"] if isinstance(value, pd.Series) else "",
)
def test_each_piece_of_advice_tells_its_reason_with_numbers_and_what_it_could_save(row, parts):
    said = plain(sentences.advice(row))

    for part in parts:
        assert part in said


def test_doubts_of_training_targets_do_not_say_what_they_save_here():
    said = sentences.advice(REVIEW.replace({12.4: np.nan}))

    assert "These are training annotations, so what it saves here is not known." in said


def test_in_short_the_actions_stand_on_one_line_and_nothing_is_said_without_any():
    told = plain(sentences.in_short(pd.DataFrame([PAIR, RECALIBRATE])))

    assert told == (
        "What to do about it: tell it from owl (at most 108 of 137 wrong decisions); recalibrate "
        "its probabilities."
    )
    assert sentences.in_short(pd.DataFrame(columns=COLUMNS)) == ""


def test_cut_label_lists_are_told_with_what_the_shape_allows():
    told = sentences.cap_in_words(ListCap(labels=3, images=520, share=0.52, allowed=0.25))

    assert "52% of the images have exactly 3 labels, none more" in told
    assert "with 1 and 2 allow 25%, and there are 4 labels of which any two go together" in told


@pytest.fixture
def quiet(study):
    """A study whose tables speak for no action."""
    labels = table_of(study, "labels").assign(causes="", expected_ap=0.0, miscalibration_q=0.5)
    change_tables(study, labels=labels)
    return study


@pytest.fixture
def told(quiet):
    """A study with a pair to tell apart, and annotations of another label to review."""
    labels = table_of(quiet, "labels")
    doubted = labels["label"] == SECOND
    labels.loc[doubted, "causes"] = "missing annotations"
    labels.loc[doubted, ["surest_unmarked", "surest_expected"]] = [8.0, 2.0]
    labels.loc[doubted, ["doubted_missing", "doubted_missing_unexplained"]] = [60.0, 40.0]
    pair = {"share": 0.6, "rate": 0.5, "rate_without": 0.125, "lift": 4.0}
    pairs = rows_of("confusions", split="test", label=FIRST, partner="label 0003", **pair)
    change_tables(quiet, labels=labels, confusions=pairs)
    return quiet


def ways(app):
    return [(link.proto.page, link.proto.query_string) for link in app.main.get("page_link")]


def saved_by_hand(study):
    """Of the pair: half of the images without the label are predicted."""
    labels = table_of(study, "labels").query("split == 'test' and label == @FIRST").iloc[0]
    return (labels["known"] - labels["positives"]) * 0.5 * 0.6 * 0.75


def test_the_order_names_labels_actions_evidence_and_a_way_to_each(told, open_app):
    app = open_app(DIFFICULTY)

    assert not app.exception
    drawn = charts(app)[titles(app).index("Wrong decisions that could be saved")]
    assert drawn["data"][0]["customdata"] == [FIRST, SECOND]
    ends = {trace.get("name"): trace["x"] for trace in drawn["data"][1:]}
    expected = [0, saved_by_hand(told), np.nan, 0, 30, np.nan]  # 40 doubts, 6 of 8 unexplained
    np.testing.assert_allclose(values(ends["could be saved, at most"]), expected)
    said = texts(app)
    assert f"**{FIRST}: tell it from label 0003.** Beside it, false positives are **4.0" in said
    assert "Could save **at most 30 of 600** wrong decisions." in said
    assert "an **upper bound**" in said
    rest = said[said.index("Nothing that was measured says how to save the wrong decisions on") :]
    rest = rest[: rest.index(" more.")]
    assert "(600)" in rest
    assert rest.endswith("and 13")
    assert FIRST not in rest
    assert SECOND not in rest
    assert ("Label", "study=demo&split=test&label=label+0001") in ways(app)
    reviews = "study=demo&split=test&part=annotation+errors&label=label+0002"
    assert ("Data", reviews) in ways(app)


def test_the_order_is_of_the_labels_in_view(told, open_app):
    app = open_app(DIFFICULTY)

    app.text_input(key="name").input("0002").run()

    drawn = charts(app)[titles(app).index("Wrong decisions that could be saved")]
    assert drawn["data"][0]["customdata"] == [SECOND]


def test_the_label_page_advises_with_a_way_to_the_partner(told, open_app):
    app = open_app(LABEL_PAGE, label=FIRST)

    said = texts(app)
    assert "decides wrongly on **600** of 1,200 images" in said
    assert "**Tell it from label 0003.** Beside it, false positives are **4.0 times**" in said
    assert ("Label", "study=demo&split=test&label=label+0003") in ways(app)


def test_the_opened_label_says_in_short_what_to_do(told, open_app):
    said = texts(open_app(DIFFICULTY, label=FIRST))

    saved = f"{saved_by_hand(told):.0f}"
    assert (
        f"What to do about it: tell it from label 0003 (at most {saved} of 600 wrong decisions)."
    ) in said


def test_where_nothing_is_known_no_advice_is_given(quiet, open_app):
    assert "says how to save wrong decisions on these labels." in texts(open_app(DIFFICULTY))
    assert sentences.NOTHING_KNOWN in texts(open_app(LABEL_PAGE, label=FIRST))


def test_a_table_that_cannot_be_read_is_named_and_the_rest_is_advised(told, open_app):
    (told / "analysis" / "confusions.parquet").unlink()

    app = open_app(DIFFICULTY)

    assert not app.exception
    assert "confusions.parquet" in texts(app)
    assert f"**{SECOND}: review its doubted annotations.**" in texts(app)


@pytest.mark.parametrize("page", [DIFFICULTY, DATA])
def test_lists_that_seem_to_be_cut_are_told_once(quiet, open_app, page):
    counts = rows_of(
        "labels_per_image",
        split="test",
        labels=np.arange(4),
        images=np.array([0, 100, 200, 700]),
        share=np.array([0.0, 0.1, 0.2, 0.7]),
    )
    given, other = np.nonzero(~np.eye(5, dtype=bool))
    names = np.array(names_of(5), dtype=object)
    pairs = rows_of(
        "co_occurrence", split="test", label=names[given], other_label=names[other], lift=1.0
    )
    change_tables(quiet, labels_per_image=counts, co_occurrence=pairs)

    assert texts(open_app(page)).count("The label lists seem to be cut at 3") == 1
    change_tables(quiet, co_occurrence=pairs.iloc[:0])
    assert "seem to be cut" not in texts(open_app(page))


def test_what_holds_for_many_labels_is_told_once_with_a_way(quiet, open_app):
    labels, gaps = table_of(quiet, "labels"), table_of(quiet, "gap")
    weak, other = labels.loc[labels["supported"] & (labels["split"] == "test"), "label"].head(2)
    labels.loc[labels["label"] == weak, "expected_ap"] = 1.0
    labels.loc[labels["label"] == other, "miscalibration_q"] = 0.001
    errors = {name: np.array([0.25, 0.125]) for name in ("brier", "nll", "ece")}
    own = {"split": "test", "model": "teacher", "scope": "label", "label": other}
    calibration = rows_of("calibration", **own, recalibration=["none", "platt"], **errors)
    gaps = gaps.assign(bounded=gaps["bounded"] & (gaps["label"] != weak))
    change_tables(quiet, labels=labels, gap=gaps, calibration=calibration)

    app = open_app(DIFFICULTY)

    said = texts(app)
    assert f"The teacher ranks {weak} (600) clearly worse than the median label" in said
    assert "Distillation has little" not in said  # which nothing here measured
    assert f"of 1 label, most those of {other} (Brier score 0.250 to 0.125)." in said
    query = "study=demo&split=test&label=label+"
    assert ("Gains", f"{query}{weak[-4:]}") in ways(app)
    assert ("Reliability", f"{query}{other[-4:]}&recalibration=Platt") in ways(app)
