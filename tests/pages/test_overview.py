import numpy as np
import pytest

from tests.pages.seen import charts, table_with, texts, values
from tests.pages.synthetic import (
    EIGHT,
    TWELVE,
    add_false_positives,
    change_tables,
    names_of,
    pairs_of,
    table_of,
    write_study,
)
from tests.pages.walked import text


def test_the_model_table_shows_the_numbers_of_the_analysis(study, open_app):
    models = table_of(study, "models").query("split == 'test'")

    table = table_with(open_app(), "mAP")

    assert table["mAP"].tolist() == [f"{value:.3f}" for value in models["mean_ap"]]
    assert table.index.tolist() == ["◆ teacher", "■ baseline", "● distilled"]


def test_the_other_split_shows_its_numbers(study, open_app):
    models = table_of(study, "models").query("split == 'val'")
    app = open_app()

    app.selectbox(key="split").select("val").run()

    assert table_with(app, "mAP")["mAP"].tolist() == [f"{v:.3f}" for v in models["mean_ap"]]
    assert app.query_params["split"] == "val"


def test_every_chart_has_alt_text(study, open_app):
    drawn = open_app().get("plotly_chart")

    assert len(drawn) == 4
    assert all(len(chart.proto.alt) > 40 for chart in drawn)


def drawn_gains(app):
    return {
        label: gain
        for trace in charts(app)[1]["data"]
        if "customdata" in trace
        for label, gain in zip(trace["customdata"], values(trace["y"]), strict=True)
    }


def test_the_gain_chart_draws_every_label(study, open_app):
    gains = table_of(study, "comparisons").query("split == 'test' and scope == 'label'")

    expected = dict(zip(gains["label"], gains["gain"], strict=True))
    assert drawn_gains(open_app()) == pytest.approx(expected)


@pytest.mark.parametrize("models", [("only",), EIGHT, TWELVE], ids=len)
def test_every_model_of_the_study_is_in_the_table_and_the_chart(runs, open_app, models):
    write_study(runs / "demo", names=names_of(5), models=models)

    app = open_app()

    assert not app.exception
    assert [row.split()[1] for row in table_with(app, "mAP").index] == list(models)
    ticks = charts(app)[0]["layout"]["yaxis"]["ticktext"]
    assert all(name in tick for name, tick in zip(models, ticks, strict=True))


def test_a_picker_chooses_the_comparison_that_the_page_speaks_of(runs, open_app):
    study = write_study(runs / "demo", names=names_of(5), models=EIGHT)
    app = open_app()

    app.selectbox(key="comparison").select("baseline → kd").run()

    gains = table_of(study, "comparisons").query("split == 'test' and after == 'kd'")
    labels = gains[gains["scope"] == "label"]
    assert drawn_gains(app) == pytest.approx(
        dict(zip(labels["label"], labels["gain"], strict=True))
    )
    mean = gains.loc[gains["scope"] == "mean", "gain"].iloc[0]
    assert f"**{mean:+.3f}**".replace("-", "−") in texts(app)
    assert app.query_params["comparison"] == "baseline → kd"


def test_false_positives_of_difficult_and_other_labels_are_drawn_told_and_tabled(study, open_app):
    add_false_positives(study)

    app = open_app()

    drawn = next(c for c in charts(app) if "false positives" in c["layout"]["title"]["text"])
    dots = [values(t["x"]) for t in drawn["data"] if t["mode"] == "markers"]
    assert [list(side) for side in dots] == [[0.5, 0.75, 0.5, 0.75], [0.25, 0.5, 0.25, 0.5]]
    labels = table_of(study, "labels").query("split == 'test' and hard")
    absent = (labels["known"] - labels["positives"]).sum()
    told = f"go from {0.5 * absent:,.0f} with baseline to {0.25 * absent:,.0f} with distilled"
    assert told in texts(app)
    assert "**−0.250** (95 % interval −0.375 to −0.125), **▲ helped**" in texts(app)
    table = table_with(app, "Change")
    assert table["False positives, baseline"].iloc[0] == f"{0.5 * absent:,.0f}"
    assert table.index.tolist()[::3] == ["Difficult labels, recall 0.5", "Other labels, recall 0.8"]


def test_the_gain_chart_stays_about_average_precision_beside_other_metrics(study, open_app):
    before = drawn_gains(open_app())
    add_false_positives(study)

    assert drawn_gains(open_app()) == pytest.approx(before)


def test_one_comparison_needs_no_picker(study, open_app):
    assert "Comparison" not in [box.label for box in open_app().sidebar.selectbox]


def drawn_models(app):
    """Models whose average precision the hardest labels are drawn with."""
    hardest = next(c for c in charts(app) if c["layout"]["title"]["text"] == "Hardest labels")
    named = {t["name"].strip("\u2068\u2069") for t in hardest["data"] if "name" in t}
    return named & set(TWELVE)


def test_of_twelve_models_eight_are_drawn_and_a_person_picks_which(runs, open_app):
    write_study(runs / "demo", names=names_of(5), models=TWELVE)
    app = open_app()
    first = drawn_models(app)

    app.sidebar.multiselect[0].set_value(["teacher", "long"]).run()

    assert first == set(TWELVE[:8])
    assert drawn_models(app) == {"teacher", "long"}
    assert drawn_models(open_app(models=["teacher", "long"])) == {"teacher", "long"}


def test_odd_studies_draw(odd_study, open_app):
    app = open_app()

    assert not app.exception
    assert len(app.get("plotly_chart")) == 4


def test_a_study_without_a_comparison_draws_no_gain(runs, open_app):
    write_study(runs / "demo", names=names_of(5), comparisons=())

    app = open_app()

    assert not app.exception
    assert "there is no gain" in texts(app)
    assert len(app.get("plotly_chart")) == 2


def test_a_study_too_small_to_evaluate_has_no_empty_chart_of_the_largest_gains(study, open_app):
    change_tables(study, labels=table_of(study, "labels").assign(supported=False))

    app = open_app()

    assert len(app.get("plotly_chart")) == 3
    assert not any(chart.proto.alt == "No gain is known." for chart in app.get("plotly_chart"))


def test_pairs_of_a_study_are_its_students_against_the_first():
    assert pairs_of(("teacher", "a", "b", "c")) == [("a", "b"), ("a", "c")]


def test_the_mean_is_of_the_analysis_and_not_of_the_page(study, open_app):
    gains = table_of(study, "comparisons")
    gains.loc[gains["scope"] == "mean", ["gain", "gain_low", "gain_high"]] = [0.25, 0.125, 0.5]
    change_tables(study, comparisons=gains.assign(p=gains["p"].fillna(np.nan)))

    assert "**+0.250** (95 % interval +0.125 to +0.500, which" in texts(open_app())


def test_several_comparisons_are_drawn_and_tabled_label_by_label(runs, open_app):
    study = write_study(runs / "demo", names=names_of(5), models=EIGHT)
    rows = table_of(study, "comparisons").query("split == 'test' and scope == 'label'")

    app = open_app()

    (grid,) = (c for c in charts(app) if "Gains by comparison" in c["layout"]["title"]["text"])
    marks = [names for t in grid["data"] for names in map(tuple, t.get("customdata", []))]
    known = rows[rows["gain"].notna()]
    expected = set(known[["label", "before", "after"]].itertuples(index=False, name=None))
    assert set(marks) == expected
    table = table_with(app, "baseline → kd")
    wanted = rows[rows["after"] == "kd"].set_index("label")["gain"]
    (mean,) = (
        table_of(study, "comparisons")
        .query("scope == 'mean' and after == 'kd'")
        .query("split == 'test' and metric == 'average_precision'")
        .to_dict("records")
    )
    said = table["baseline → kd"].to_dict()
    assert said.pop("Mean over labels").endswith(f" {text(mean['gain'], sign='+')}")
    ends = f"{mean['gain_low']:+.3f} to {mean['gain_high']:+.3f}".replace("-", "−")
    assert said.pop("Its 95 % interval") == ends
    for label, told in said.items():
        assert told.split()[1] == f"{wanted[label]:+.3f}".replace("-", "−")


def test_the_lead_of_a_teacher_is_told_over_those_that_it_did_not_teach(study, open_app):
    write_study(study.parent / "other", names=names_of(4), comparisons=[("distilled", "baseline")])

    assert "is clearly better than baseline" in texts(open_app(study="demo"))
    assert "is clearly better than" not in texts(open_app(study="other"))


def test_a_mean_over_all_labels_is_not_shown_twice(study, open_app):
    models = table_of(study, "models")
    change_tables(study, models=models.assign(n_supported=20, n_trained=0, n_labels=20))

    app = open_app()

    assert not any("positives" in head for head in app.dataframe[0].value)
    assert "at least so many positive images" not in texts(app)


def test_a_single_comparison_has_no_picture_of_several(study, open_app):
    assert not any(
        "Gains by comparison" in c["layout"]["title"]["text"] for c in charts(open_app())
    )
