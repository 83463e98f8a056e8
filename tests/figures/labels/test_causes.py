from udviz.figures.labels.causes import CAUSES, split_causes
from udviz.vocabulary import CAUSES as NAMES


def test_every_cause_is_explained():
    assert tuple(CAUSES) == NAMES


def test_an_empty_cell_names_no_cause():
    assert split_causes("") == split_causes(None) == split_causes(float("nan")) == []


def test_the_causes_of_a_cell_are_told_apart():
    assert split_causes("rare, missing annotations") == ["rare", "missing annotations"]
