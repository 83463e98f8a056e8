import pandas as pd

from udviz.figures.labels.review_precision import precision_intervals


def test_every_label_is_drawn_with_its_precision_and_interval():
    row = {"wrong": 3, "right": 1, "unsure": 2, "suspects": 9}
    table = pd.DataFrame(
        [
            {"label": "cat", "precision": 0.75, "low": 0.3, "high": 0.95, **row},
            {"label": "<b>", "precision": 0.5, "low": 0.1, "high": 0.9, **row},
        ]
    )

    rows, lines, dots = precision_intervals(table, title="t").data

    assert list(rows.customdata) == ["cat", "<b>"]
    assert "&lt;b&gt;" in rows.hovertext[1]
    assert "change label 3, keep label 1, unsure 2, of 9 possible errors" in rows.hovertext[0]
    assert list(dots.x) == [0.75, 0.5]
    assert [x for x in lines.x if x == x] == [0.3, 0.95, 0.1, 0.9]
