"""Tables that fit the schema and still say nothing, or speak of labels that are not there."""

import numpy as np
import pytest

from tests.pages.synthetic import change_tables, names_of, table_of, write_study
from udviz.analysis.schema.tables import BY_NAME

PAGES = ["overview.py", "pages/1_Difficulty.py", "pages/3_Gains.py", "pages/4_Label.py"]


@pytest.fixture
def study(runs):
    return write_study(runs / "odd", names=names_of(3))


def without_numbers(study, name):
    rows = table_of(study, name)
    unknown = [c.name for c in BY_NAME[name].columns if c.type == "number" and c.name in rows]
    return {name: rows.assign(**dict.fromkeys(unknown, np.nan))}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["comparisons", "labels"])
def test_a_table_in_which_no_number_is_known_is_shown_as_unknown(study, open_app, name, page):
    change_tables(study, **without_numbers(study, name))

    app = open_app(None if page == "overview.py" else page, label="label 0001")

    assert not app.exception


def test_a_label_with_one_measured_cause_has_a_picture_of_it(study, open_app):
    measured = ["train_positives", "positives", "difficulty"]
    labels = table_of(study, "labels")
    kept = {name: labels[name] for name in measured}
    change_tables(study, labels=without_numbers(study, "labels")["labels"].assign(**kept))

    app = open_app("pages/4_Label.py", label="label 0001")

    assert not app.exception
    assert "Why is this label difficult?" in [header.value for header in app.header]


@pytest.mark.parametrize("name", ["comparisons", "scores"])
def test_tables_that_speak_of_labels_that_are_not_there_are_refused(study, open_app, name):
    rows = table_of(study, name)
    change_tables(study, **{name: rows.assign(label=rows["label"].str.replace("label", "other"))})

    app = open_app("pages/3_Gains.py")

    assert not app.exception
    assert "lacks 3 that others name" in "".join(
        element.value for element in [*app.error, *app.info, *app.warning]
    )
