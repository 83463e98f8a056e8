import numpy as np
import pytest

from udviz.predictions.brought.joined import joined
from udviz.predictions.brought.matrix import of_array


def matrix(source, ids=None, names=None, shape=(3, 2)):
    shape = (len(ids) if ids else shape[0], len(names) if names else shape[1])
    return of_array(np.zeros(shape), source=source, ids=ids, label_names=names)


def test_images_and_labels_are_found_by_name_whatever_their_order():
    found = joined(
        [matrix("t", ["a", "b", "c"], ["cat", "dog"]), matrix("s", ["c", "a", "b"], ["dog", "cat"])]
    )

    assert list(found.ids) == ["a", "b", "c"]
    assert [rows.tolist() for rows in found.rows] == [[0, 1, 2], [1, 2, 0]]
    assert [columns.tolist() for columns in found.columns] == [[0, 1], [1, 0]]
    assert found.notes == ()


def test_images_that_are_not_everywhere_are_left_out_counted_and_named():
    found = joined([matrix("t", list("abcdef")), matrix("s", list("fbxe"))])

    assert list(found.ids) == ["b", "e", "f"]
    assert [rows.tolist() for rows in found.rows] == [[1, 4, 5], [1, 3, 0]]
    assert found.notes[1:] == (
        "t: 3 of 6 images are left out, as they are not in every file: a, c, d.",
        "s: 1 of 4 images are left out, as they are not in every file: x.",
    )


def test_a_file_without_ids_is_taken_in_order_where_it_is_as_long_and_that_is_said():
    found = joined([matrix("t", list("abc")), matrix("s"), matrix("u", list("bc"))])

    assert [rows.tolist() for rows in found.rows] == [[1, 2], [1, 2], [0, 1]]
    assert "s: images have no names there and are taken to be those of t, in that order." in (
        found.notes
    )


def test_a_file_without_ids_of_another_length_is_refused():
    with pytest.raises(ValueError, match="s must have 3 images like t, or name them, got 4"):
        joined([matrix("t", list("abc")), matrix("s", shape=(4, 2))])


def test_a_file_without_ids_beside_two_orders_is_refused():
    with pytest.raises(ValueError, match="t must hold image_ids, as s and u have their images in"):
        joined([matrix("t"), matrix("s", list("abc")), matrix("u", list("acb"))])


def test_other_labels_are_refused_with_the_difference():
    with pytest.raises(
        ValueError,
        match="s must have the labels of t, got others: it lacks dog; it has besides cow",
    ):
        joined([matrix("t", names=["cat", "dog"]), matrix("s", names=["cow", "cat"])])


def test_files_about_other_images_are_refused():
    with pytest.raises(ValueError, match=r"as a, b, got others, as a\.jpg"):
        joined([matrix("t", ["a", "b"]), matrix("s", ["a.jpg"])])


def test_files_without_any_names_are_taken_as_they_are():
    found = joined([matrix("t"), matrix("s")])

    assert list(found.ids) == ["image 0", "image 1", "image 2"]
    assert list(found.label_names) == ["label 0", "label 1"]
    assert len(found.notes) == 2
