from udviz.figures.labels import causes as drawn
from udviz.figures.labels.causes import split_causes
from udviz.stats.difficulty import causes as found


def test_every_cause_that_is_looked_for_can_be_drawn_and_explained():
    assert tuple(drawn.CAUSES) == found.CAUSES


def test_an_empty_cell_names_no_cause():
    assert split_causes("") == split_causes(None) == split_causes(float("nan")) == []


def test_the_causes_of_a_cell_are_told_apart():
    assert split_causes("rare, suspect labels") == ["rare", "suspect labels"]
