import pandas as pd

from udviz.figures.labels.review_precision import precision_of_doubts


def test_every_label_is_drawn_with_its_share_and_interval():
    row = {"wrong": 3, "right": 1, "unsure": 2, "doubted": 9}
    table = pd.DataFrame(
        [
            {"label": "cat", "share": 0.75, "low": 0.3, "high": 0.95, **row},
            {"label": "<b>", "share": 0.5, "low": 0.1, "high": 0.9, **row},
        ]
    )

    rows, lines, dots = precision_of_doubts(table, title="t").data

    assert list(rows.customdata) == ["cat", "<b>"]
    assert "&lt;b&gt;" in rows.hovertext[1]
    assert "wrong 3, right 1, unsure 2, of 9 doubted" in rows.hovertext[0]
    assert list(dots.x) == [0.75, 0.5]
    assert [x for x in lines.x if x == x] == [0.3, 0.95, 0.1, 0.9]
