import json
import threading
import time
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from tests.pages.test_runs import button, labels, make, words
from udviz.data.source import load_dataset
from udviz.launching.placement import Placement
from udviz.recipe.data import DataConfig
from udviz.studies.lock import exclusive
from udviz.ui.frame import access
from udviz.ui.launch import folder, look, reading
from udviz.ui.launch import form as launch_form
from udviz.ui.launch.fields import fields_of_kind, recipe_fields

NAME = "new.demo:name"


@pytest.fixture
def begun(monkeypatch):
    """What was launched, instead of launching it."""
    begun = []
    monkeypatch.setattr(launch_form, "launch", lambda plan, study: begun.append((plan, study)))
    return begun


@pytest.fixture
def form(runs, open_app, begun):
    app = open_app()
    return button(app, "New study").click().run()


def command(app):
    return app.code[-1].value


def widgets(app):
    kinds = (app.text_input, app.number_input, app.selectbox, app.checkbox)
    return {widget.key for kind in kinds for widget in kind}


def test_the_form_has_every_field_that_may_matter_with_its_help(form):
    data, others = (
        [field for field in recipe_fields() if field.name.startswith("data.") == is_data]
        for is_data in (True, False)
    )
    kinds = get_args(DataConfig.model_fields["kind"].annotation)
    of_kinds = {kind: {f.name for f in fields_of_kind(data, kind)} for kind in kinds}
    expected = {field.name for field in others} | of_kinds["scenes"]

    assert {f"new.demo:{name}" for name in expected} <= widgets(form)
    assert set.union(*of_kinds.values()) == {field.name for field in data}
    assert len(expected) > 50
    assert form.number_input(key="new.demo:teacher.clip_norm").help == (
        "Largest gradient norm; 0 = no clipping."
    )


def test_the_command_names_only_what_differs(form, runs):
    assert command(form).endswith(f"--recipe demo --out {runs}/demo")

    form.number_input(key="new.demo:teacher.epochs").set_value(9)
    form.checkbox(key="new.demo:augment.flip").uncheck()
    form.text_input(key="new.demo:seeds").set_value("3, 5").run()

    flags = "--teacher.epochs 9 --no-augment.flip --seeds 3 --seeds 5"
    assert command(form).endswith(f"--recipe demo --out {runs}/demo {flags}")


def test_every_student_of_the_recipe_has_its_own_settings(form):
    asked = {k for k in widgets(form) if k and k.startswith("new.demo:students:students.")}

    own = "new.demo:students:students."
    assert f"{own}baseline.method" in asked
    assert f"{own}distilled.attention_weight" in asked
    assert f"{own}baseline.temperature" not in asked  # a baseline does not read it


def test_a_student_that_is_added_is_one_flag_and_can_be_removed_again(form, runs):
    form.text_input(key="new.demo:students:name").set_value("soft").run()
    form.button(key="new.demo:students:add").click().run()
    form.selectbox(key="new.demo:students:students.soft.method").set_value("kd").run()
    form.number_input(key="new.demo:students:students.soft.temperature").set_value(2.0).run()
    assert command(form).endswith("--students.soft.method kd --students.soft.temperature 2.0")

    form.button(key="new.demo:students:students.soft.remove").click().run()
    assert command(form).endswith(f"--recipe demo --out {runs}/demo")

    form.button(key="new.demo:students:students.baseline.remove").click().run()
    assert command(form).endswith(
        "--only_students cal --only_students kd --only_students distilled"
    )


@pytest.mark.parametrize("name", ["a b", "../x", "teacher", "Baseline", ""])
def test_a_student_needs_a_name_of_its_own(form, name):
    form.text_input(key="new.demo:students:name").set_value(name).run()

    form.button(key="new.demo:students:add").click().run()

    assert len(form.error) == 1
    assert "new.demo:students:students.distilled.method" in widgets(form)
    assert f"new.demo:students:students.{name}.method" not in widgets(form)


def test_a_student_may_have_a_network_of_its_own(form):
    form.toggle(key="new.demo:students:students.distilled.own").set_value(True).run()
    form.number_input(key="new.demo:students:students.distilled.epochs").set_value(3).run()

    assert command(form).endswith("--students.distilled.epochs 3")


def test_a_start_launches_what_the_command_says_and_closes_the_form(form, begun, runs):
    form.text_input(key=NAME).set_value("mine")
    form.number_input(key="new.demo:student.epochs").set_value(8).run()

    button(form, "Start").click().run()

    [(plan, study)] = begun
    assert (study, plan.source, plan.recipe.name) == (runs / "mine", "demo", "mine")
    assert plan.recipe.student.epochs == 8
    assert "Start" not in labels(form)
    assert form.query_params["opened"] == "mine"


def test_another_recipe_brings_its_own_values(form):
    form.selectbox(key="new.source.demo").set_value("voc2007").run()

    assert form.selectbox(key="new.voc2007:data.kind").value == "voc"
    assert "Data: Data folder: must be a folder on this machine" in words(form)
    assert "Start" not in labels(form)


def test_an_empty_data_folder_is_asked_for_by_what_it_holds(form):
    form.selectbox(key="new.source.demo").set_value("table").run()

    assert "Enter the folder that holds labels.csv and images/." in words(form)
    assert len(form.error) == 1


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("teacher.epochs", 0, "Teacher: Epochs: Input should be greater than or equal to 1"),
        ("teacher.learning_rate", 0.0, "Teacher: Learning rate: Input should be greater than 0"),
        ("seeds", "1, x", "Seeds: Input should be a valid integer"),
        ("seeds", "1, 1", "`seeds` must be distinct"),
    ],
)
def test_a_value_that_breaks_the_schema_is_named_and_nothing_can_be_started(
    form, field, value, fault
):
    kind = form.text_input if isinstance(value, str) else form.number_input
    kind(key=f"new.demo:{field}").set_value(value).run()

    assert fault in words(form)
    assert len(form.error) == 1
    assert "Start" not in labels(form)


@pytest.mark.parametrize(
    ("field", "value", "called"),
    [("images", "../../etc", "Image folder"), ("labels", "/etc/passwd", "Label table")],
)
def test_a_path_out_of_the_folder_of_the_data_is_refused_in_the_words_of_the_form(
    form, photos, field, value, called
):
    point_to(form, photos)
    form.text_input(key=f"new.table:{photos}:table:data.{field}").set_value(value).run()

    assert f"Data: {called}: must lie inside “Data: Data folder”" in words(form)
    assert "Start" not in labels(form)


@pytest.mark.parametrize("name", ["", "..", "../x", "/etc/x", "a/b", ".trash", "-x", "a b", "$(x)"])
def test_a_name_cannot_lead_out_of_the_folder_of_all_studies(form, name):
    form.text_input(key=NAME).set_value(name).run()

    assert "The name of a study must" in words(form)
    assert "Start" not in labels(form)


def test_a_link_out_of_the_folder_of_all_studies_is_refused(form, runs, tmp_path):
    (runs / "out").symlink_to(tmp_path)

    form.text_input(key=NAME).set_value("out").run()

    assert "is a link to another place" in words(form)


def test_data_must_lie_in_its_root_where_there_is_one(form, tmp_path, monkeypatch):
    (tmp_path / "data" / "mine").mkdir(parents=True)
    monkeypatch.setenv("UDVIZ_DATA", str(tmp_path / "data"))
    form.selectbox(key="new.demo:data.kind").set_value("imagefolder")

    form.text_input(key="new.demo:data.root").set_value(str(tmp_path)).run()
    assert "Data: Data folder: must lie in" in words(form)

    form.text_input(key="new.demo:data.root").set_value(str(tmp_path / "data" / "mine")).run()
    assert "Start" in labels(form)


def test_a_name_that_is_taken_is_not_proposed(runs, open_app):
    make(runs, "demo")

    app = button(open_app("pages/7_Runs.py"), "New study").click().run()

    assert app.text_input(key=NAME).value == "demo-2"


def test_a_study_that_someone_else_just_began_is_refused_in_a_sentence(runs, open_app, monkeypatch):
    monkeypatch.setattr("udviz.launching.launch.FAREWELL", 0.1)
    app = button(open_app(), "New study").click().run()
    app.text_input(key=NAME).set_value("mine").run()
    (runs / "mine").mkdir()

    with exclusive(runs / "mine"):
        button(app, "Start").click().run()

    assert "is being worked on by another process" in words(app)
    assert not app.exception


def test_the_form_stays_open_with_what_was_entered_when_the_page_is_drawn_again(form):
    form.text_input(key=NAME).set_value("mine").run()

    form.run()

    assert form.text_input(key=NAME).value == "mine"


def test_a_damaged_recipe_of_a_study_is_named(runs, open_app):
    study = make(runs, "mine")
    (study / "study.toml").write_text("name = [")
    app = open_app("pages/7_Runs.py")

    button(app, "New study from this one").click().run()

    assert not app.exception
    assert "must be a TOML file" in app.error[0].value


def test_where_others_can_reach_the_app_the_form_is_off(runs, open_app, monkeypatch):
    monkeypatch.setattr(access, "is_owner", lambda: False)

    app = open_app()

    assert button(app, "New study").disabled
    assert "UDVIZ_PASSWORD" in button(app, "New study").help
    assert button(app, "Train the demo study").disabled


def test_a_form_that_was_open_when_the_app_was_closed_to_others_is_gone(form, monkeypatch):
    monkeypatch.setattr(access, "is_owner", lambda: False)

    form.run()

    assert "Start" not in labels(form)


def where(form, name):
    return f"new.demo:placement.{name}"


def test_many_processes_are_a_setting_and_the_command_says_so(form, begun, runs, monkeypatch):
    monkeypatch.setenv("UDVIZ_GPUS", "")
    form.number_input(key=where(form, "processes")).set_value(4).run()

    together = "python -m udviz.launching.together --processes 4 --"
    assert command(form).startswith(f"{together} -m pipelines.study --recipe demo --out {runs}/")

    button(form, "Start").click().run()
    [(plan, _)] = begun
    assert plan.placement == Placement(processes=4)


def test_more_processes_than_gpus_cannot_be_started(form, monkeypatch):
    monkeypatch.setenv("UDVIZ_GPUS", "0,1")
    form.number_input(key=where(form, "processes")).set_value(4).run()

    fault = "Placement: Processes: must be at most 2, the GPUs of this machine, got 4"
    assert fault in words(form)
    assert "Start" not in labels(form)


def test_several_machines_need_a_private_network_and_say_what_to_type(form):
    assert where(form, "network") not in widgets(form)

    form.number_input(key=where(form, "machines")).set_value(3).run()
    assert "--placement.network must be the IPv4 network" in words(form)

    form.text_input(key=where(form, "network")).set_value("8.8.8.0/24").run()
    assert "--placement.network must be private" in words(form)
    assert "Start" not in labels(form)

    form.text_input(key=where(form, "network")).set_value("127.0.0.0/8").run()
    assert "--machines 3" in command(form)
    assert "Type the same on the 2 other machines" in words(form)
    assert "Start" in labels(form)


def test_a_cluster_is_asked_for_what_it_needs_to_know(form, begun, monkeypatch):
    monkeypatch.setattr("udviz.launching.cluster.refusal", lambda name: None)
    form.selectbox(key=where(form, "on")).set_value("slurm").run()
    own = {"partition", "account", "qos", "constraint", "hours", "cpus", "memory_gb"}
    assert {where(form, name) for name in own} <= widgets(form)

    form.text_input(key=where(form, "partition")).set_value("gpu")
    form.number_input(key=where(form, "hours")).set_value(2.5).run()

    flags = "--placement.on slurm --placement.partition gpu --placement.hours 2.5"
    assert command(form).startswith("python -m pipelines.launch --recipe demo --out ")
    assert command(form).endswith(flags)
    assert "This submits the job" in words(form)

    button(form, "Start").click().run()
    assert begun[0][0].placement == Placement(on="slurm", partition="gpu", hours=2.5)


def test_a_machine_without_slurm_says_so(form, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    form.selectbox(key=where(form, "on")).set_value("slurm").run()

    assert "This machine has no `sbatch`" in words(form)
    assert "Start" not in labels(form)


def test_a_word_for_the_cluster_that_a_shell_would_read_is_refused(form, monkeypatch):
    monkeypatch.setattr("udviz.launching.cluster.refusal", lambda name: None)
    form.selectbox(key=where(form, "on")).set_value("slurm").run()

    form.text_input(key=where(form, "account")).set_value("x; rm -rf y").run()

    assert "Placement: Account: String should match pattern" in words(form)
    assert "Start" not in labels(form)


def test_a_copy_of_a_study_runs_where_that_ran(runs, open_app):
    source = make(runs, "mine") / "study.toml"
    placement = {"processes": 4}
    asked = {"recipe": "demo", "settings": {}, "placement": placement}
    (runs / "mine" / "launch.json").write_text(json.dumps(asked))

    app = (
        button(open_app("pages/7_Runs.py", opened="mine"), "New study from this one").click().run()
    )

    assert app.number_input(key=f"new.{source}:placement.processes").value == 4


@pytest.fixture
def photos(tmp_path, rng):
    """A folder of forty photos with a table and a list of splits."""
    folder = tmp_path / "my photos"
    (folder / "images").mkdir(parents=True)
    rows, splits = ["image,cat,dog"], ["image,split"]
    for place in range(40):
        pixels = rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{place}.png")
        rows.append(f"{place}.png,{place % 2},{(place % 3) // 2}")
        splits.append(f"{place}.png,{('train', 'train', 'val', 'test')[place % 4]}")
    (folder / "labels.csv").write_text("\n".join(rows))
    (folder / "splits.csv").write_text("\n".join(splits))
    return folder


def point_to(form, place):
    """Type where the images are; drawn again until they are read."""
    form.text_input(key="new.demo:data.root").set_value(str(place)).run()
    deadline = time.monotonic() + 30
    while "Reading the data for" in words(form) and time.monotonic() < deadline:
        form.run()
    return form


def test_the_folder_comes_first_and_beside_the_form_stands_what_was_understood(form, photos):
    told = words(point_to(form, photos))

    assert form.text_input[0].key == "new.demo:data.root"
    assert (
        "A label table: labels of `labels.csv`, images of `images`, splits of `splits.csv`" in told
    )
    assert "40 images, 2 labels" in told
    assert "Training 20 · Validation 10 · Test 10" in told
    assert "Rarest labels, by images: dog 13, cat 20." in told
    assert form.selectbox(key="new.source.table").value == "table"
    assert form.text_input(key=f"new.table:name{photos}").value == "my-photos"
    assert f"--data.root '{photos}' --data.splits splits.csv" in command(form)


def test_the_table_itself_may_be_named(form, photos):
    (photos / "labels.csv").rename(photos / "tags.csv")

    point_to(form, photos / "tags.csv")

    assert f"--data.root '{photos}' --data.labels tags.csv --data.splits" in command(form)


def test_what_was_recognised_can_be_said_otherwise(form, photos):
    point_to(form, photos)
    own = f"new.table:{photos}:table:data.splits"

    form.text_input(key=own).set_value("").run()
    told = words(point_to(form, photos))

    assert "no splits were given, so all are drawn (else Data: Split table)" in told.replace(
        "*", ""
    )
    assert "--data.splits" not in command(form)


def test_a_folder_that_changed_is_read_anew(form, photos):
    assert "40 images" in words(point_to(form, photos))
    kept = (photos / "splits.csv").read_text().splitlines()[:-4]
    lines = (photos / "labels.csv").read_text().splitlines()[:-4]

    (photos / "splits.csv").write_text("\n".join(kept))
    (photos / "labels.csv").write_text("\n".join(lines))
    form.run()

    assert "36 images" in words(point_to(form, photos))


def test_a_long_reading_does_not_hold_the_form(form, photos, monkeypatch):
    may_end = threading.Event()

    def slowly(data):
        may_end.wait(30)
        return load_dataset(data)

    monkeypatch.setattr(reading, "load_dataset", slowly)
    monkeypatch.setattr(look, "PATIENCE", 0.0)

    form.text_input(key="new.demo:data.root").set_value(str(photos)).run()
    assert "Reading the data for" in words(form)
    assert "Known as soon as the images are counted." in words(form)
    assert "Start" in labels(form)

    may_end.set()
    assert "40 images, 2 labels" in words(point_to(form, photos))


def test_data_that_cannot_be_read_are_told_beside_the_form(form, tmp_path, begun):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "_classes.csv").write_text("filename,cat")

    point_to(form, tmp_path / "photos")

    assert len(form.error) == 1
    assert not begun


def test_where_nothing_may_be_read_nothing_is_looked_for(form, photos, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("UDVIZ_DATA", str(tmp_path / "data"))
    for module in (folder, reading):
        for name in ("recognised", "load_dataset"):
            monkeypatch.setattr(module, name, lambda *_: pytest.fail("looked"), raising=False)

    form.text_input(key="new.demo:data.root").set_value(str(photos)).run()

    assert "Data: Data folder: must lie in" in words(form)
    assert "Start" not in labels(form)


@pytest.mark.parametrize("typed", ["/no/such", "x" * 5_000, "$NO_SUCH/x", "/etc/passwd", "~nobody"])
def test_a_place_that_is_none_is_told_in_a_sentence(form, typed):
    form.text_input(key="new.demo:data.root").set_value(typed).run()

    assert not form.exception
    assert len(form.error) == 1
    assert "Start" not in labels(form)


def test_weights_that_are_here_are_proposed_and_random_ones_warned_about(
    form, photos, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (photos / "weights").mkdir()
    file = photos / "weights" / "resnet18_imagenet.safetensors"
    file.touch()

    told = words(point_to(form, photos))
    assert "the ImageNet weights of resnet50 are not on this machine" in told
    form.button(key="new.table:student:weights-here").click().run()

    assert f"--student.weights '{file}'" in command(form)
    assert "The students: resnet18 with weights that are on this machine" in words(form)

    form.text_input(key="new.table:student.weights").set_value("none").run()
    assert "The students (resnet18) would start from random weights" in words(form)


def test_time_memory_and_disk_are_told_before_the_start(form, photos):
    told = words(point_to(form, photos))

    assert "4 networks to train: **" in told
    assert "no run here tells how fast this machine is" in told
    assert "GB of memory and " in told


def test_data_that_cannot_be_used_are_refused_in_the_words_of_the_form(form, photos):
    table = photos / "labels.csv"
    table.write_text(table.read_text().replace(",0", ","))

    told = point_to(form, photos).error[0].value.replace("\\", "")

    assert "if a blank does, “Data: A blank cell means” absent" in told
    assert form.button(key="new.start").disabled
    form.selectbox(key=f"new.table:{photos}:table:data.blank_means").select("absent").run()
    assert not form.button(key="new.start").disabled


def test_only_fields_of_the_chosen_kind_of_data_are_asked_for(form, photos):
    point_to(form, photos)
    asked = {widget.label for widget in (*form.text_input, *form.number_input)}

    assert {"Label table", "Slice columns", "Image size (px)"} <= asked
    assert not {"Training annotations", "Training images", "VOC year"} & asked
    form.selectbox(key=f"new.table:{photos}:table:data.kind").select("coco").run()
    asked = {widget.label for widget in (*form.text_input, *form.number_input)}
    assert "Training annotations" in asked
    assert not {"Label table", "Slice columns"} & asked
