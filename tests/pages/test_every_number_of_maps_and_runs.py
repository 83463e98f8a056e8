"""The walk goes on: every number of Attention is that of caches and tables, of Runs that of logs."""

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

    check(walked, "Attention, image", of_image, OF_IMAGE)
    check(walked, "Attention, labels", of_labels, OF_LABELS)


def test_the_agreement_of_two_maps_is_counted_from_the_maps(walked, open_app):
    app = open_app(ATTENTION, study="demo", label=OPENED, image=f"i{SHOWN}", objects="false")
    one, other = (open_predictions(cache_of(walked, m, "test")) for m in ("teacher", "distilled"))
    others = [(SHOWN + step) % len(one.attention) for step in range(1, N_OTHERS + 1)]

    own = likeness(one.attention[SHOWN], other.attention[SHOWN])
    level = [likeness(one.attention[SHOWN], other.attention[place]) for place in others]

    for cells, value, levels in zip(
        app.table[0].value.to_dict("records"), own, np.transpose(level), strict=True
    ):
        assert cells["This image"] == text(value, digits=2)
        assert cells["Other images (mean)"] == text(levels.mean(), digits=2)
        assert cells["Exceeds"] == f"{(levels < value).sum()} of {N_OTHERS} other images"


def test_what_is_said_of_the_listed_images_is_that_of_the_cache(walked, open_app):
    told = texts(open_app(ATTENTION, study="demo", label=OPENED, objects="false"))
    teacher = open_predictions(cache_of(walked, "teacher", "test"))
    column = teacher.label_names.index(OPENED)
    carried = np.flatnonzero(teacher.targets[:, column] == 1)

    disagreement = np.sort(teacher.disagreement[carried, column])[::-1]

    assert f"1 of {len(carried)} images that carry {OPENED}" in told
    listed = re.findall(r"Disagreement \(nats\): (\S+)", told)
    assert listed == [text(value) for value in disagreement[: len(listed)]]
    assert len(listed) == 12


def test_every_number_of_studies_and_runs_is_that_of_tables_and_logs(walked, open_app):
    app = open_app(RUNS)
    studies, runs = frames(app)

    assert studies["Study"].tolist() == ["demo"]
    check(walked, "Runs, studies", studies.drop(columns=["Study", "Started"]), OF_STUDY)
    check(walked, "Runs, runs", runs, OF_RUNS)


def test_what_is_said_of_runs_is_what_their_logs_say(walked, open_app):
    app = open_app(RUNS)
    rows = {name: Row(walked, {"Model": f"◆ {name}"}) for name in ("teacher", "baseline", "distilled")}
    (warning,) = app.warning

    for name, row in rows.items():
        last, run = epochs_of(row)[-1], name if name == "teacher" else f"{name}-0"
        told = [line for line in plain(warning.value).splitlines() if line.startswith(f"- {run}:")]
        dead = f"{last['dead_channels']} of {last['channels']} channels"
        logit = f"largest logit on validation is {last['largest_logit']:.0f}"
        assert any(dead in line for line in told) == (last["dead_channels"] > 0.05 * 512)
        assert any(logit in line for line in told) == (last["largest_logit"] > 30)
        assert f"{run} {last['validation_map']:.3f}" in alt_of(app, "scores")


def alt_of(app, key):
    """What is read out instead of a chart."""
    (found,) = [c.proto.alt for c in app.get("plotly_chart") if key in c.proto.id]
    return plain(found)
