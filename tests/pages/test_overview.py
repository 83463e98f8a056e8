import base64
import json

import numpy as np
import pandas as pd
import pytest

from tests.pages.synthetic import names_of, write_study


def texts(app):
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


def traces(app, place):
    return json.loads(app.get("plotly_chart")[place].proto.spec)["data"]


def numbers(array):
    """Plotly sends an array as base64."""
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=array["dtype"]).tolist()


def test_the_first_sentence_is_the_question(study, open_app):
    app = open_app()

    assert not app.exception
    assert app.title[0].value == "Overview"
    assert app.markdown[0].value.startswith("Which labels are difficult")


def test_the_model_table_shows_the_numbers_of_the_analysis(study, open_app):
    models = pd.read_parquet(study / "analysis" / "models.parquet").query("split == 'test'")

    table = open_app().table[0].value

    expected = [f"{value:.3f}" for value in models["mean_average_precision"]]
    assert table["Mean AP"].tolist() == expected
    assert table.index.tolist() == ["◆ Teacher", "■ Baseline", "● Distilled"]


def test_the_headline_gives_the_gain_its_interval_and_a_verdict(study, open_app):
    app = open_app()

    assert "raises" in texts(app)
    assert "**+0.021** (95 % interval +0.004 to +0.038), **▲ helped**" in texts(app)


def test_the_other_split_shows_other_numbers(study, open_app):
    app = open_app()

    app.selectbox(key="split").select("val").run()

    assert "does not clearly change" in texts(app)
    assert "**○ cannot tell**" in texts(app)
    assert app.query_params["split"] == "val"


def test_one_seed_is_said_to_leave_out_the_variance_between_seeds(study, open_app):
    assert "does **not** include the variance between training seeds" in texts(open_app())


def test_several_seeds_are_said_to_include_the_variance_between_seeds(runs, open_app):
    write_study(runs / "demo", names=names_of(5), n_seeds=3)

    assert "includes the variance between training seeds" in texts(open_app())


def test_every_chart_has_alt_text(study, open_app):
    charts = open_app().get("plotly_chart")

    assert len(charts) == 4
    assert all(len(chart.proto.alt) > 40 for chart in charts)


def test_the_gain_chart_draws_every_label(study, open_app):
    labels = pd.read_parquet(study / "analysis" / "labels.parquet").query("split == 'test'")

    drawn = {}
    for trace in traces(open_app(), 1):
        if "customdata" in trace:
            drawn |= zip(trace["customdata"], numbers(trace["y"]), strict=True)

    assert drawn == pytest.approx(dict(zip(labels["label"], labels["gain"], strict=True)))


def test_odd_studies_draw(odd_study, open_app):
    app = open_app()

    assert not app.exception
    assert len(app.get("plotly_chart")) == 4


def test_a_study_without_a_baseline_says_that_it_has_no_gain(study, open_app):
    for name in ("models", "labels"):
        file = study / "analysis" / f"{name}.parquet"
        table = pd.read_parquet(file)
        if name == "models":
            table = table[table["role"] == "teacher"]
        else:
            table = table.drop(columns=[c for c in table if c.startswith(("gain", "ap_b", "ap_d"))])
        table.to_parquet(file)
    gain = pd.DataFrame({"split": ["test"], "gain": [float("nan")]})
    gain.to_parquet(study / "analysis" / "map_gain.parquet")

    app = open_app()

    assert not app.exception
    assert "there is no gain" in texts(app)
    assert len(app.get("plotly_chart")) == 2


def test_a_study_too_small_to_trust_any_gain_has_no_empty_chart_of_the_largest(study, open_app):
    file = study / "analysis" / "labels.parquet"
    pd.read_parquet(file).assign(supported=False).to_parquet(file)

    app = open_app()

    assert len(app.get("plotly_chart")) == 3
    assert not any(chart.proto.alt == "No gain is known." for chart in app.get("plotly_chart"))
