"""From files to a study: the whole way, and every refusal leaves nothing behind."""

import gc
import re
import shutil
import subprocess
import sys
import tomllib
import weakref

import numpy as np
import pandas as pd
import pytest

import udviz
from tests.analysis.conftest import NAMES, caches, opened, plan_of  # noqa: F401
from udviz import cli
from udviz.analysis import study as analysis
from udviz.analysis.schema.tables import BY_NAME
from udviz.analysis.store import read_table
from udviz.comparing.images import files_of_images
from udviz.comparing.split import read_split
from udviz.predictions.cache import open_predictions
from udviz.recipe.brought import BroughtStudy
from udviz.recipe.files import read_recipe
from udviz.recipe.schema import Recipe
from udviz.stats.comparison.gain import label_gains
from udviz.stats.uncertainty.measures import disagreement
from udviz.studies.status import read_status

IDS = [f"{place}.jpg" for place in range(300)]


def write(path, values, ids=IDS, names=NAMES, key="scores"):
    np.savez(path, **{key: values}, image_ids=list(ids), label_names=list(names))
    return str(path)


@pytest.fixture
def files(tmp_path, rng):
    """Two models and targets; `after` is better on the first label."""
    targets = (rng.random((300, 3)) < 0.3).astype(int)
    before, after = (targets * gap + rng.normal(size=(300, 3)) for gap in (1.0, [3.0, 1.0, 1.0]))
    table = pd.DataFrame(targets, columns=list(NAMES), index=pd.Index(IDS, name="image"))
    table.to_csv(tmp_path / "targets.csv")
    write(tmp_path / "before.npz", before)
    write(tmp_path / "after.npz", after)
    return tmp_path


def compare(folder, *more, before="before.npz", after="after.npz"):
    names = [name for name in (before, after) if name]
    arguments = [*(str(folder / name) for name in names), "--targets", str(folder / "targets.csv")]
    cli.run("compare", [*arguments, "--out", str(folder / "runs" / "mine"), *more])
    return folder / "runs" / "mine"


def refused(folder, told, *more, **named):
    with pytest.raises(SystemExit) as ended:
        compare(folder, *more, **named)
    assert re.search(told, str(ended.value)), ended.value
    assert not (folder / "runs").exists() or not list((folder / "runs").iterdir())


def test_two_files_become_verdicts_and_a_study(files, capsys):
    study = compare(files)

    told = capsys.readouterr().out
    assert re.search(r"red +\d+ +[01]\.\d{3} +[01]\.\d{3} +\+0\.\d{3} .* helped\n", told)
    assert "after against before: helped 1, hurt 0, inconclusive 2 of 3 labels" in told
    assert re.search(
        r"smallest gain these images would show in 80% of cases: 0\.\d{3} in mAP", told
    )
    assert "before.npz: scores taken as logits" in told
    assert read_status(study).state == "finished"
    assert set(read_table(study, "models")["kind"]) == {"brought"}
    assert [path.name for path in study.parent.iterdir()] == ["mine"]


def test_logits_of_a_calibration_branch_are_joined_and_give_its_uncertainty(files, rng):
    branch = rng.normal(size=(300, 3)).astype(np.float32)
    order = rng.permutation(300)
    path = write(files / "branch.npz", branch[order][:, ::-1], np.array(IDS)[order], NAMES[::-1])

    study = compare(files, "--calibration", f"after={path}", "--reference", "after")

    before, after = (
        open_predictions(study / f"{name}-0" / "predictions" / "test")
        for name in ("before", "after")
    )
    logits = np.load(files / "after.npz")["scores"]
    np.testing.assert_array_equal(after.calibration_logits, branch)
    np.testing.assert_allclose(after.disagreement, disagreement(branch, logits), rtol=1e-6)
    assert before.calibration_logits is None
    assert before.disagreement is None
    means = read_table(study, "labels")["disagreement"]
    np.testing.assert_allclose(means, disagreement(branch, logits).mean(axis=0), rtol=1e-5)
    record = tomllib.loads((study / "study.toml").read_text())["brought"]["after"]
    assert [source["file"] for source in record["calibration"]] == [path]


@pytest.mark.parametrize("given", ["neither=before.npz", "before=before.npz,after.npz"])
def test_a_calibration_branch_is_of_a_model_and_has_a_file_per_seed(files, given):
    refused(files, r"`--calibration` must be NAME=FILE.* as many files", "--calibration", given)


def test_comparing_needs_no_torch(files):
    arguments = [str(files / name) for name in ("before.npz", "after.npz")]
    arguments += ["--targets", str(files / "targets.csv"), "--out", str(files / "mine")]
    program = f"import sys; from udviz import cli; cli.run('compare', {arguments!r}); "

    told = subprocess.run(
        [sys.executable, "-c", f"{program}print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert told.endswith("False\n")


def test_order_of_rows_and_columns_changes_nothing(files, rng):
    found = np.load(files / "after.npz")
    rows, columns = rng.permutation(300), [2, 0, 1]
    first = read_table(compare(files), "comparisons")
    (files / "runs" / "mine").rename(files / "first")
    values = found["scores"][np.ix_(rows, columns)]
    write(files / "after.npz", values, found["image_ids"][rows], found["label_names"][columns])

    again = read_table(compare(files), "comparisons")

    pd.testing.assert_frame_equal(first, again)


def test_missing_images_are_counted_and_the_rest_is_compared(files, capsys):
    found = np.load(files / "after.npz")
    write(files / "after.npz", found["scores"][7:], IDS[7:])

    study = compare(files)

    assert "targets.csv: 7 of 300 images are left out" in capsys.readouterr().out
    cache = open_predictions(study / "before-0" / "predictions" / "test")
    assert list(cache.image_ids) == IDS[7:]


def test_seeds_comparisons_and_reference_are_those_asked_for(files):
    model = f"kd={files / 'after.npz'},{files / 'before.npz'}"
    asked = ("--model", model, "--compare", "kd:after", "--reference", "kd")

    study = compare(files, *asked)

    pairs = read_table(study, "comparisons")[["before", "after"]].drop_duplicates()
    assert pairs.to_numpy().tolist() == [["kd", "after"]]
    models = read_table(study, "models").set_index("model")
    assert models["seeds"].to_dict() == {"before": 1, "after": 1, "kd": 2}
    assert models["reference"].to_dict() == {"before": False, "after": False, "kd": True}


def test_one_model_alone_has_its_tables_too(files):
    study = compare(files, after=None)

    assert read_table(study, "comparisons").empty
    assert len(read_table(study, "labels")) == 3


def test_a_validation_split_gives_thresholds(files):
    before, after, targets = (files / n for n in ("before.npz", "after.npz", "targets.csv"))
    asked = ("--val-targets", str(targets), "--val-model", f"after={after}")

    study = compare(files, *asked, "--val-model", f"before={before}")

    assert set(read_table(study, "models")["split"]) == {"val", "test"}
    assert (read_table(study, "thresholds")["threshold"] != 0.5).any()


def test_numbers_are_those_of_a_trained_study_with_the_same_logits(caches, monkeypatch):  # noqa: F811
    pair = ("baseline", "kd")
    plan = plan_of(comparisons=(pair,), reference="baseline")
    models = tuple(model for model in plan.models if model.name in pair)
    monkeypatch.setattr(
        analysis.Plan,
        "of",
        classmethod(
            lambda cls, recipe: plan_of(models=models, comparisons=(pair,), reference="baseline")
        ),
    )
    analysis.analyse_study(Recipe(), caches, None)
    asked = {}
    for split in ("test", "val"):
        runs = opened(caches, split)
        ids = list(runs.first.image_ids)
        np.savez(caches / f"{split}.npz", targets=runs.targets, ids=ids, label_names=list(NAMES))
        for model in pair:
            asked[split, model] = ",".join(
                write(caches / f"{split}-{model}-{seed}.npz", run.logits, ids, key="logits")
                for seed, run in sorted(runs.models[model].items())
            )
    flags = [
        ("--model" if s == "test" else "--val-model", f"{m}={f}") for (s, m), f in asked.items()
    ]

    out = caches / "brought"
    cli.run(
        "compare",
        [
            *("--targets", str(caches / "test.npz"), "--val-targets", str(caches / "val.npz")),
            *(
                "--out",
                str(out),
                "--min-positives",
                "5",
                *(word for flag in flags for word in flag),
            ),
        ],
    )

    own = {"models": ["kind", "description", "mean_ap_trained", "mean_ap_trained_seed_sd"]}
    for name in BY_NAME:
        trained, brought = (read_table(study, name) for study in (caches, out))
        for table in (trained, brought):
            if "seed" in table:  # files are counted from 0
                table["seed"] = table["seed"].rank(method="dense")
        drop = own.get(name, [])
        pd.testing.assert_frame_equal(trained.drop(columns=drop), brought.drop(columns=drop))


def test_ties_at_zero_and_one_rank_as_the_probabilities_do(files, rng):
    targets = pd.read_csv(files / "targets.csv", index_col="image").to_numpy()
    probs = np.clip(0.5 + 0.3 * targets + 0.4 * rng.normal(size=targets.shape), 0, 1)
    for name in ("before", "after"):
        write(files / f"{name}.npz", probs if name == "after" else 1 - probs)

    rows = read_table(compare(files), "comparisons")

    expected = label_gains(1 - probs, probs, targets).table
    found = rows[(rows["scope"] == "label") & (rows["metric"] == "average_precision")]
    for column in ("gain", "gain_low", "q", "before_value", "after_value"):
        np.testing.assert_allclose(found[column], expected[column], rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x: dict(values=np.where(np.arange(3) == 1, np.nan, x)), "nan for image 0.jpg, lab"),
        (lambda x: dict(values=np.c_[x, x[:, 0]], names=[*NAMES, "cow"]), "has besides cow"),
        (lambda x: dict(values=x, ids=[f"img/{i}" for i in IDS]), "have images of the other files"),
        (
            lambda x: dict(values=x, key="probs"),
            r"probabilities, in \[0, 1\]; pass --scores logits",
        ),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(files, change, told):
    found = np.load(files / "after.npz")["scores"]
    write(files / "after.npz", **change(found))

    refused(files, told)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--model", "x"), r"NAME=FILE\[,FILE"),
        (("--model", "after=y.npz"), "different names"),
        (("--model", "../x=y.npz"), "must have a name of letters"),
        (("--compare", "before:gone"), "BEFORE:AFTER of before, after"),
        (("--reference", "gone"), "one of before, after"),
        (("--val-targets", "t.csv"), "must have --val-targets, and --val-model"),
        (("--model", "x=gone.npz"), "gone.npz must be a file of scores"),
    ],
)
def test_a_flag_that_names_nothing_is_refused(files, more, told):
    refused(files, told, *more)


def test_no_file_at_all_is_refused(files):
    refused(files, "at least one file of scores", before=None, after=None)


def test_a_study_that_breaks_half_way_leaves_nothing(files, monkeypatch):
    def fail(*arguments, **named):
        raise OSError(28, "no space")

    monkeypatch.setattr("udviz.comparing.study.analyse_plan", fail)

    refused(files, "disk is full")


def test_targets_and_scores_are_let_go_before_the_analysis(files, monkeypatch):
    kept = []

    def read(*arguments, **named):
        split = read_split(*arguments, **named)
        kept.append(weakref.ref(split))
        return split

    def analyse(*arguments, **named):
        gc.collect()
        assert [split() for split in kept] == [None]
        return analysis.analyse_plan(*arguments, **named)

    monkeypatch.setattr("udviz.comparing.files.read_split", read)
    monkeypatch.setattr("udviz.comparing.study.analyse_plan", analyse)

    assert read_status(compare(files)).state == "finished"


def test_a_study_that_is_there_is_not_overwritten(files):
    study = compare(files)
    (study / "reviews.jsonl").write_text("work of days")

    with pytest.raises(SystemExit, match="does not exist yet"):
        compare(files)

    assert (study / "reviews.jsonl").read_text() == "work of days"


def test_a_brought_study_cannot_be_trained_and_says_what_made_it(files):
    study = compare(files)

    with pytest.raises(ValueError, match=r"brought from elsewhere.*pipelines.compare "):
        read_recipe(study / "study.toml")


def test_arrays_in_a_notebook_give_the_tables_of_the_command(files):
    study = compare(files)
    before, after = (np.load(files / f"{name}.npz")["scores"] for name in ("before", "after"))
    targets = pd.read_csv(files / "targets.csv", index_col="image")

    found = udviz.compare(before, after, targets.to_numpy(), label_names=list(NAMES))

    kept = read_table(study, "comparisons")
    pd.testing.assert_frame_equal(found.tables["comparisons"], kept)
    assert found.gains["verdict"].tolist() == ["helped", "inconclusive", "inconclusive"]
    assert found.verdict.startswith("after against before: helped 1")
    frames = [
        pd.DataFrame(values, index=IDS, columns=NAMES).sample(frac=1, random_state=0)
        for values in (before, after)
    ]
    by_name = udviz.compare(*frames, targets, out=files / "kept")
    pd.testing.assert_frame_equal(by_name.gains, found.gains)
    assert (files / "kept" / "study.toml").is_file()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_column_of_groups_makes_intervals_cluster_by_it(files, ending):
    table = pd.read_csv(files / "targets.csv").assign(film=[f"film {k // 3}" for k in range(300)])
    if ending == "csv":
        table.to_csv(files / "targets.csv", index=False)
    else:
        table.to_parquet(files / "targets.parquet", index=False)

    study = compare(files, "--targets", str(files / f"targets.{ending}"), "--groups", "film")

    where = [("scope", ["label"]), ("metric", ["average_precision"])]
    rows = read_table(study, "comparisons", where=where)
    runs = [open_predictions(study / f"{name}-0/predictions/test") for name in ("before", "after")]
    alone = label_gains(
        *(run.logits for run in runs), runs[0].targets, groups=np.repeat(range(100), 3)
    ).table
    assert rows["label"].tolist() == list(NAMES)
    assert rows["clustered"].all()
    np.testing.assert_allclose(rows["gain_low"], alone["gain_low"])


def test_a_table_of_metadata_tells_slices_apart_by_image_id(files):
    site_of = dict(zip(IDS, np.resize(["north", "south", "south"], 300), strict=True))
    table = pd.DataFrame({"image": IDS, "site": site_of.values(), "note": IDS})
    table.iloc[::-1].to_csv(files / "about.csv", index=False)

    study = compare(files, "--metadata", str(files / "about.csv"))

    rows = read_table(study, "slices")
    assert set(rows["slice_column"]) == {"site"}
    run = open_predictions(study / "before-0/predictions/test")
    assert run.slices["site"].tolist() == [site_of[image_id] for image_id in run.image_ids]
    north = (run.slices["site"] == "north").to_numpy()
    own = rows.query("slice == 'north' and scope == 'label' and metric == 'prevalence'")
    np.testing.assert_allclose(own["value"], (run.targets[north] == 1).mean(axis=0))
    assert (rows["metric"] == "auroc").any()
    notes = BroughtStudy(**tomllib.loads((study / "study.toml").read_text())).notes
    assert any("column 'note' has not two values" in note for note in notes)


def test_metadata_of_other_images_is_refused(files):
    pd.DataFrame({"image": ["x", "y"], "site": ["a", "b"]}).to_csv(files / "about.csv", index=False)

    refused(
        files,
        r"--metadata must name images of --targets in its column 'image', got x, y",
        *("--metadata", str(files / "about.csv")),
    )


def test_groups_that_no_column_tells_are_refused(files):
    refused(
        files, r"targets.csv must have the column 'film' of --groups, got image", "--groups", "film"
    )
    write(files / "targets.npz", np.zeros((300, 3)), key="targets")
    refused(
        files,
        r"be one of .csv, .tsv, .parquet to have a column of groups, got .npz",
        *("--groups", "film", "--targets", str(files / "targets.npz")),
    )


def test_a_folder_of_images_is_kept_and_how_many_of_them_are_there_is_said(files, capsys):
    (files / "photos" / "sub").mkdir(parents=True)
    for name in ("0.jpg", "sub/7.jpg"):
        (files / "photos" / name).touch()

    study = compare(files, "--images", str(files / "photos"))

    assert "2 of 300 images have a file below" in capsys.readouterr().out
    record = BroughtStudy.model_validate(tomllib.loads((study / "study.toml").read_text()))
    assert record.images == str(files / "photos")
    found = files_of_images(study, files / "photos")
    assert [path and path.name for path in found] == [
        "0.jpg" if k == 0 else "7.jpg" if k == 7 else None for k in range(300)
    ]


def test_a_folder_that_holds_none_of_the_images_is_refused(files):
    (files / "photos").mkdir()
    (files / "photos" / "other.jpg").touch()

    with pytest.raises(SystemExit, match="holds none of them: missing file: 300"):
        compare(files, "--images", str(files / "photos"))

    assert not (files / "runs").exists() or not list((files / "runs").iterdir())


def test_validation_images_come_after_those_of_the_test_split(files):
    for name in ("before", "after", "targets"):
        suffix = "csv" if name == "targets" else "npz"
        shutil.copy(files / f"{name}.{suffix}", files / f"val-{name}.{suffix}")

    study = compare(
        files,
        *("--val-targets", str(files / "val-targets.csv")),
        *("--val-model", f"before={files / 'val-before.npz'}"),
        *("--val-model", f"after={files / 'val-after.npz'}"),
    )

    rows = [
        open_predictions(study / "after-0" / "predictions" / split).images["row"].tolist()
        for split in ("test", "val")
    ]
    assert rows == [list(range(300)), list(range(300, 600))]


def test_the_analysis_may_run_on_a_cluster_and_nothing_is_left_without_one(files, monkeypatch):
    monkeypatch.setattr("udviz.analysis.engines.cluster.CONNECT", 1)
    cluster = ("--analysis.engine", "dask", "--analysis.address", "tcp://127.0.0.1:9")

    refused(files, r"--analysis\.address must be that of a Dask scheduler, got tcp:", *cluster)
    refused(files, r"Pass --analysis\.engine dask --analysis\.address tcp:", *cluster[:2])
