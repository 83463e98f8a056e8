"""The walk goes on: Attention is held against caches and tables, Runs against logs."""

import json
import re

import numpy as np

from tests.pages.caches import cache_of
from tests.pages.seen import plain, texts
from tests.pages.walked import OPENED, Row, check, frames, per_model, text
from udviz.figures.style.theme import verdict_style
from udviz.predictions.cache import open_predictions
from udviz.ui.attention.attention import N_OTHERS

ATTENTION, RUNS = "pages/5_Attention.py", "pages/7_Runs.py"
SHOWN = 7  # place of the image that is looked at
TARGETS = {1: "present", 0: "absent", -1: "unknown"}


def cached(row, model="teacher"):
    """The predictions of a model, and the column of the row's label."""
    run = open_predictions(cache_of(row.study, model, "test"))
    return run, run.label_names.index(row.label)


def shown_prob(row, column, model):
    run, label = cached(row, model)
    return float(1 / (1 + np.exp(-run.logits[SHOWN, label].astype(float))))


def of_teacher(row, values, meaning=lambda value: value):
    run, label = cached(row)
    return meaning(getattr(run, values)[SHOWN, label])


def agreement(column):
    pair = {"model": "teacher", "other_model": "distilled"}
    return lambda row: row.find("attention_agreement", column, label=row.label, **pair)


def pointing(row, column, model):
    return row.find("localisation", column, label=row.label, model=model)


OF_IMAGE = {
    "Target": lambda row: of_teacher(row, "targets", TARGETS.get),
    "Disagreement (nats)": lambda row: of_teacher(row, "disagreement"),
    **per_model("{}", shown_prob, ""),
}
OF_LABELS = {
    "Agreement": agreement("correlation"),
    "Agreement, low": agreement("correlation_low"),
    "Agreement, high": agreement("correlation_high"),
    "Other images": agreement("correlation_elsewhere"),
    "Shared energy": agreement("overlap"),
    "Images": agreement("images"),
    **per_model("Energy beyond centre, {}", pointing, "energy_beyond_centre"),
    **per_model("Hits, {}", pointing, "hit"),
    "Gain": lambda row: row.change("gain"),
    "Verdict": lambda row: verdict_style(row.change("verdict")).text,
}
OF_STUDY = {
    "State": lambda row: "✓ finished",
    "Progress": lambda row: 1.0,
    "mAP": lambda row: row.find("models", "mean_ap", model="distilled"),
    "Gain": lambda row: row.find("comparisons", "gain", scope="mean", metric="average_precision"),
    "Of": lambda row: "distilled over baseline",
    "Stage": lambda row: "Done",
    "Time left": lambda row: "",
    "Message": lambda row: "",
}


def likeness(first, second):
    """Pearson's correlation of two maps, and the energy that they share."""
    one, other = (map_.astype(float).ravel() for map_ in (first, second))
    shares = [(values - values.min()) / (values - values.min()).sum() for values in (one, other)]
    return np.corrcoef(one, other)[0, 1], np.minimum(*shares).sum()


def epochs_of(row):
    """What the log of the row's run says of every epoch."""
    run = row.study / (row.model if row.model == "teacher" else f"{row.model}-0")
    lines = map(json.loads, (run / "events.jsonl").read_text().splitlines())
    return [line for line in lines if line["event"] == "epoch"]


OF_RUNS = {
    "Seed": lambda row: np.nan if row.model == "teacher" else 0,
    "State": lambda row: "✓ finished",
    "Progress": lambda row: 1.0,
    "Epochs": lambda row: len(epochs_of(row)),
    "Best validation mAP": lambda row: max(e["validation_map"] for e in epochs_of(row)),
    "Dead channels": lambda row: epochs_of(row)[-1]["dead_channels"],
    "Largest logit": lambda row: epochs_of(row)[-1]["largest_logit"],
}


def test_every_number_of_an_image_and_of_attention_is_that_of_its_source(walked, open_app):
    app = open_app(ATTENTION, study="demo", label=OPENED, image=f"i{SHOWN}", objects="false")
    of_image, of_labels = frames(app)

    assert [heads_of(table) for table in (of_image, of_labels)] == [
        set(OF_IMAGE),
        {head for head in OF_LABELS if "baseline" not in head},  # which has no maps
    ]
    check(walked, "Attention, image", of_image, OF_IMAGE)
    check(walked, "Attention, labels", of_labels, OF_LABELS)
    check_agreement(walked, app.table[0].value)
    check_listed(walked, texts(app))


def heads_of(table):
    """Its heads but the label's, without the marks of models."""
    return {re.sub("[◆■●] ", "", head) for head in table} - {"Label"}


def check_agreement(study, table):
    """The agreement of two maps is counted from the maps."""
    one, other = (open_predictions(cache_of(study, m, "test")) for m in ("teacher", "distilled"))
    others = [(SHOWN + step) % len(one.attention) for step in range(1, N_OTHERS + 1)]
    own = likeness(one.attention[SHOWN], other.attention[SHOWN])
    level = [likeness(one.attention[SHOWN], other.attention[place]) for place in others]
    for cells, value, levels in zip(
        table.to_dict("records"), own, np.transpose(level), strict=True
    ):
        assert cells["This image"] == text(value, digits=2)
        assert cells["Other images (mean)"] == text(levels.mean(), digits=2)
        assert cells["Exceeds"] == f"{(levels < value).sum()} of {N_OTHERS} other images"


def check_listed(study, told):
    """What is said of the listed images is that of the cache."""
    teacher = open_predictions(cache_of(study, "teacher", "test"))
    column = teacher.label_names.index(OPENED)
    carried = np.flatnonzero(teacher.targets[:, column] == 1)
    disagreement = np.sort(teacher.disagreement[carried, column])[::-1]
    listed = re.findall(r"Disagreement \(nats\): (\S+)", told)
    assert f"of {len(carried)} images that carry {OPENED}" in told
    assert listed == [text(value) for value in disagreement[:12]]


def test_every_number_of_studies_and_runs_is_that_of_tables_and_logs(walked, open_app):
    app = open_app(RUNS)
    studies, runs = frames(app)

    assert studies["Study"].tolist() == ["demo"]
    check(walked, "Runs, studies", studies.drop(columns=["Study", "Started"]), OF_STUDY)
    check(walked, "Runs, runs", runs, OF_RUNS)
    (warning,) = app.warning
    for name in ("teacher", "baseline", "distilled"):
        last = epochs_of(Row(walked, {"Model": f"◆ {name}"}))[-1]
        run = name if name == "teacher" else f"{name}-0"
        told = [line for line in plain(warning.value).splitlines() if line.startswith(f"- {run}:")]
        dead = f"{last['dead_channels']} of {last['channels']} channels"
        logit = f"largest logit on validation is {last['largest_logit']:.0f}"
        assert any(dead in line for line in told) == (last["dead_channels"] > 0.05 * 512)
        assert any(logit in line for line in told) == (last["largest_logit"] > 30)
        assert f"{run} {last['validation_map']:.3f}" in alt_of(app, "scores")


def alt_of(app, key):
    """What is read out instead of a chart."""
    (found,) = [chart.proto.alt for chart in app.get("plotly_chart") if key in chart.proto.id]
    return plain(found)
