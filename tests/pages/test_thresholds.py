import json
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.pages.caches import cache_of, write_caches
from tests.pages.synthetic import names_of, write_study
from udviz.predictions.cache import open_predictions
from udviz.stats.decisions.operating_points import operating_table, operating_thresholds
from udviz.stats.labels.probabilities import logit_probs
from udviz.ui.thresholds.rule import Rule
from udviz.ui.thresholds.thresholds_table import as_json

PAGE = "pages/8_Thresholds.py"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    study = write_study(tmp_path_factory.mktemp("runs") / "demo", names=names_of(6))
    write_caches(study)
    return study


@pytest.fixture
def cached(original, runs):
    return shutil.copytree(original, runs / "demo")


def shown(app):
    assert not app.exception
    return app.dataframe[0].value


def expected(study, model, **rule):
    val, test = (open_predictions(cache_of(study, model, split)) for split in ("val", "test"))
    logits = operating_thresholds(val.logits, val.targets, **rule)
    return operating_table(
        test.logits, test.targets, thresholds=logits, label_names=list(test.label_names)
    )


def test_every_label_has_the_threshold_of_the_best_f1_at_first(open_app, cached):
    app = open_app(PAGE)

    table = shown(app).set_index("Label")
    own = expected(cached, "distilled", goal="f1").set_index("label")
    np.testing.assert_allclose(
        table.loc[own.index, "Threshold"], logit_probs(own["threshold"].to_numpy()), rtol=1e-6
    )
    for head, column in (("Precision", "precision"), ("Recall", "recall"), ("F1", "f1")):
        np.testing.assert_allclose(table.loc[own.index, head], own[column])


def test_a_rule_in_the_url_is_followed_and_said(open_app, cached):
    rule = {"rule": "precision at least", "level": "0.6", "guarantee": "90 %"}

    app = open_app(PAGE, **rule, **{"of-model": "teacher"})

    own = expected(cached, "teacher", goal="precision", level=0.6, confidence=0.9)
    table = shown(app).set_index("Label").loc[own["label"]]
    assert table["Threshold"].isna().tolist() == own["threshold"].isna().tolist()
    said = " ".join(text.value for text in app.markdown)
    assert "precision at least 0.60, with 90% confidence" in said
    assert f"{own['threshold'].notna().sum()} of 6 labels" in said


def test_a_threshold_that_predicts_nearly_every_image_is_marked(open_app, cached):
    app = open_app(PAGE, rule="recall at least", level="0.99")

    table = shown(app)
    full = table["Predicted"] >= 0.9
    assert full.any()
    assert table.loc[full, "Note"].str.contains("of all images").all()


def test_labels_with_too_few_positives_come_last_and_say_so(open_app, cached):
    val = open_predictions(cache_of(cached, "distilled", "val"))
    positives = dict(zip(val.label_names, (val.targets == 1).sum(axis=0), strict=True))
    least = sorted(positives.values())[-2]  # two labels have as many
    recipe = cached / "study.toml"
    recipe.write_text(recipe.read_text().replace("min_positives = 20", f"min_positives = {least}"))

    app = open_app(PAGE)

    few = shown(app).set_index("Label").iloc[2:]
    assert sorted(few.index) == sorted(label for label, n in positives.items() if n < least)
    for label, row in few.iterrows():
        assert np.isnan(row["Threshold"])
        told = f"validation has {positives[label]} positives, of {least} needed"
        assert row["Note"] == told
    assert "Bring more validation images." in app.markdown[-1].value


def test_without_validation_the_page_says_why_it_has_no_thresholds(open_app, cached):
    shutil.rmtree(cache_of(cached, "distilled", "val"))

    app = open_app(PAGE)

    assert not app.exception
    assert not app.dataframe
    assert any("holds no predictions" in text.value for text in [*app.warning, *app.info])


def test_a_label_without_a_threshold_is_null_in_the_file():
    rows = pd.DataFrame({"label": ["a", "b"], "threshold": [0.25, np.nan]})
    rule = Rule(model="m", goal="recall", level=0.9, confidence=None, judged_on="test")

    told = json.loads(as_json(rows, rule))

    assert told["thresholds"] == {"a": 0.25, "b": None}
    assert told["rule"] == "recall at least 0.90"
