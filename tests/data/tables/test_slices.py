"""Slices by metadata columns: from which tables, how many, and what is refused."""

import pandas as pd
import pytest

from udviz.data.tables.slices import read_slices, unused_slices

IDS = [f"{place}.jpg" for place in range(100)]
SITES = ["north"] * 60 + ["south"] * 40


def table(**columns):
    return IDS, pd.DataFrame({"image": IDS, **columns})


def counts_of(tables, column, ids=IDS):
    return read_slices(tables, [column], ids)[column].value_counts(sort=False).to_dict()


def test_every_image_has_the_value_of_its_row_the_most_frequent_first():
    found = read_slices([table(site=SITES[::-1])], ["site"], IDS)

    assert found["site"].cat.categories.tolist() == ["north", "south"]
    assert found["site"].tolist() == SITES[::-1]


def test_a_column_of_the_splits_table_counts_and_of_two_the_labels_tables():
    listing = (IDS[::-1], pd.DataFrame({"image": IDS[::-1], "site": ["x"] * 100, "by": SITES}))

    found = read_slices([table(site=SITES), listing], ["site", "by"], IDS)

    assert found["site"].tolist() == SITES
    assert found["by"].tolist() == SITES[::-1]


def test_blank_cells_and_images_without_a_row_are_a_slice_of_their_own():
    ids, frame = table(site=["north"] * 40 + [" "] * 10 + [None] * 10 + ["south"] * 40)

    found = counts_of([(ids, frame)], "site", [*IDS, *(f"new{k}" for k in range(5))])

    assert found == {"north": 40, "south": 40, "(blank)": 25}


def test_rows_of_one_image_that_differ_are_told_apart_from_all_values():
    ids, frame = table(by=["ann"] * 70 + ["bob"] * 30)
    again = pd.concat([frame, frame.iloc[:25].assign(by="bob")])

    assert counts_of([([*ids, *ids[:25]], again)], "by") == {"ann": 45, "bob": 30, "(several)": 25}


def test_rare_values_are_one_slice():
    values = ["a"] * 40 + ["b"] * 41 + ["c"] * 10 + ["d"] * 9

    assert counts_of([table(camera=values)], "camera") == {"b": 41, "a": 40, "(other)": 19}


def test_no_more_than_twenty_values_stay_apart():
    ids = [f"{place}.jpg" for place in range(30 * 25)]
    frame = pd.DataFrame({"camera": [f"camera {place // 25}" for place in range(len(ids))]})

    found = counts_of([(ids, frame)], "camera", ids)

    assert len(found) == 21
    assert found["(other)"] == 10 * 25


def test_days_are_joined_to_months_where_there_are_too_many():
    days = [f"2019-{1 + place // 50:02d}-{1 + place % 25:02d} 10:00" for place in range(100)]

    assert counts_of([table(taken=days)], "taken") == {"2019-01": 50, "2019-02": 50}


def test_a_column_that_is_not_there_is_refused_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"--data\.slice_columns.*'sites'.*nearest is 'site'"):
        read_slices([table(site=SITES)], ["sites"], IDS)


@pytest.mark.parametrize(
    ("values", "told"), [(["all"] * 100, r"1: all \(100\)"), (IDS, r"100: 0\.jpg \(1\)")]
)
def test_a_column_that_tells_no_groups_of_images_apart_is_refused(values, told):
    with pytest.raises(ValueError, match=rf"two values or more.*{told}"):
        read_slices([table(site=values)], ["site"], IDS)


def test_text_columns_of_few_values_that_nothing_reads_are_found():
    _, frame = table(site=SITES, cat=["1", "0"] * 50, note=IDS, once=["a"] * 99 + ["b"], by=SITES)

    assert unused_slices(frame, {"image", "by"}) == {"site": ["north", "south"]}
