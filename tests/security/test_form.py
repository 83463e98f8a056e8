"""What a browser or a command line may say: values, names of studies, parts of a URL."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.pages.synthetic import write_study
from tests.security.attacks import CANARY, FEW, refused, told
from tests.security.datasets import write_dataset
from udviz.commands import command_line as command
from udviz.launching.flags import flags, leaves, nested
from udviz.launching.launch import Plan, as_typed, launch
from udviz.recipe.files import parse_recipe
from udviz.recipe.schema import Recipe
from udviz.roots import check_recipe
from udviz.studies.directory import study_path
from udviz.studies.status import read_status

ROOT = Path(__file__).parents[2]
TEXT_FIELDS = [name for name, value in leaves(Recipe()) if isinstance(value, str)]
PATH_FIELDS = [
    *("data.labels", "data.images", "data.splits", "data.masks", "data.mask_labels", "data.year"),
    *("data.train_annotations", "data.test_annotations", "data.train_images", "data.test_images"),
]
PATHS = ["../x", "a/../../x", "/etc/passwd", "//etc", "..", "./../x", "{outside}"]


def recipe_with(**values):
    return parse_recipe(nested(values), source="This")


@pytest.mark.parametrize("name", TEXT_FIELDS)
@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_a_text_that_no_file_name_can_hold_breaks_the_schema(name, value):
    sentence = refused(lambda: recipe_with(**{name: value}))

    assert f"--{name}: " in sentence


@pytest.mark.parametrize("name", [name for name, _ in leaves(Recipe())])
@pytest.mark.parametrize(
    "value", ["x" * 100_000, {"a": {}}, [[]], float("nan"), 10**400], ids=lambda v: repr(v)[:8]
)
def test_a_value_of_any_size_is_taken_or_refused_in_a_line_that_names_its_flag(name, value):
    recipe = told(lambda: recipe_with(**{name: value}))

    assert recipe is None or dict(leaves(recipe))[name] == value


@pytest.mark.parametrize("name", PATH_FIELDS)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["scenes", "table"])
def test_a_path_out_of_the_folder_of_the_data_is_refused(tmp_path, outside, name, path, kind):
    config = write_dataset(tmp_path / "data", "csv")
    values = {
        "data.kind": kind,
        "data.root": config.root,
        name: path.format(outside=outside.folder),
    }

    sentence = refused(lambda: check_recipe(recipe_with(**values)))
    assert sentence.startswith(f"--{name}: must lie inside --data.root, got ")


@pytest.mark.parametrize("root", ["", "nowhere", "x" * 10_000, "/proc/1/root/etc", "~", "a" * 300])
def test_a_folder_that_is_not_here_is_refused(root):
    values = {"data.kind": "table", "data.root": root}

    sentence = refused(lambda: check_recipe(recipe_with(**values)))
    assert sentence.startswith("--data.root: must be a folder on this machine")


@pytest.mark.parametrize("field", ["data.root", "teacher.weights", "student.weights"])
def test_the_value_of_a_variable_is_not_told(monkeypatch, field):
    monkeypatch.setenv("A_SECRET", CANARY)
    values = {"data.kind": "table", "data.root": "/tmp"} | {field: "$A_SECRET"}

    refused(lambda: check_recipe(recipe_with(**values)), names="$A_SECRET")


@pytest.mark.parametrize("field", ["teacher.weights", "student.weights"])
@pytest.mark.parametrize("place", ["{outside}/secret.npy", "link.pth", "../outside/secret.npy"])
def test_weights_lie_in_the_root_of_all_data_or_with_the_studies(
    tmp_path, monkeypatch, outside, field, place
):
    for name, variable in (("data", "UDVIZ_DATA"), ("runs", "UDVIZ_RUNS")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "good.pth").write_text("x")
        monkeypatch.setenv(variable, str(tmp_path / name))
    os.symlink(outside.folder / "secret.npy", tmp_path / "data" / "link.pth")
    monkeypatch.chdir(tmp_path / "data")

    for good in ("data/good.pth", "runs/good.pth"):
        check_recipe(recipe_with(**{field: str(tmp_path / good)}))
    hostile = recipe_with(**{field: place.format(outside=outside.folder)})
    assert f"--{field}: must lie in" in refused(lambda: check_recipe(hostile))


NAMES = [
    *("", ".", "..", "../x", "a/b", "/etc/x", "a\\b/c", ".hidden", "-rf", "a b", "a\nb", "a\0b"),
    *("$(id)", "`id`", "a;b", "a|b", "<script>", "\u202etxt", "x" * 200, "\ud800", "a\x1b[2J", "~"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_study_is_called_by_a_plain_name(tmp_path, name):
    refused(lambda: study_path(tmp_path, name), names="The name of a study must")


@FEW
@given(name=st.text(max_size=20) | st.sampled_from(NAMES))
def test_a_study_of_any_name_lies_in_the_folder_of_all_studies(tmp_path, name):
    path = told(lambda: study_path(tmp_path, name))

    assert path is None or path.parent == tmp_path


SHELL = ["$(touch ran)", "`touch ran`", "; touch ran", "| touch ran", "&& touch ran", "\ntouch ran"]


@pytest.mark.parametrize("value", [*SHELL, "'; touch ran; '", "--help", "-c", "*", "$HOME", "~"])
def test_a_command_as_typed_hands_a_shell_the_very_words(tmp_path, value):
    recipe = recipe_with(**{"data.label_column": value})
    words = flags(Recipe(), recipe)

    printed = as_typed(["-c", "import sys; print(sys.argv[1:])", *words])
    typed = f"{sys.executable} {printed.removeprefix('python ')}"
    shell = subprocess.run(
        ["sh", "-c", typed], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert shell.stdout.strip() == repr(words)
    assert list(tmp_path.iterdir()) == []


@settings(FEW, max_examples=20)
@given(value=st.text(max_size=30))
def test_any_text_reaches_the_command_line_as_it_is_or_breaks_the_schema(value):
    recipe = told(lambda: recipe_with(**{"data.label_column": value}))
    if recipe is None:
        return

    asked = command.parse(flags(Recipe(), recipe), program="x", summary="x")

    assert asked.recipe.data.label_column == value


@pytest.mark.parametrize(
    "arguments",
    [
        ["--recipe", "../../etc/passwd"],
        ["--recipe", "\x1b[2J" + "x" * 100_000],
        ["--data.kind", "x" * 100_000],
        ["--teacher.epochs", "9" * 5_000],
        ["--data.labels", "\x1b]0;owned\x07"],
        ["--seeds", "[" * 10_000],
    ],
    ids=lambda arguments: repr(arguments)[:30],
)
def test_a_command_line_is_refused_without_a_traceback(capsys, arguments):
    try:
        command.parse(arguments, program="udviz", summary="x")
    except SystemExit as ended:
        text = str(ended.code) + capsys.readouterr().err
        assert "Traceback" not in text
        assert "\x1b" not in text
        assert len(text) < 20_000


def test_a_launch_with_a_source_the_form_does_not_offer_starts_nothing(tmp_path):
    class Recorder(BaseModel):
        started: list[str] = []

        def refusal(self, placement, device):
            return None

        def start(self, study, arguments, *, placement, device, lock, wanted):
            self.started += arguments

    recorder = Recorder()
    plan = Plan(source="/etc/passwd", recipe=Recipe())

    refused(lambda: launch(plan, tmp_path / "mine", launcher=recorder), names="must be a TOML file")
    assert recorder.started == []
    assert read_status(tmp_path / "mine") is None


def test_what_a_link_asks_for_is_one_of_what_is_there_or_nothing(tmp_path, monkeypatch, outside):
    from streamlit.testing.v1 import AppTest

    (tmp_path / "runs").mkdir()
    monkeypatch.setenv("UDVIZ_RUNS", str(tmp_path / "runs"))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    write_study(tmp_path / "runs" / "mine", names=["cat", "dog"])
    app = AppTest.from_file(str(ROOT / "overview.py"), default_timeout=60)
    hostile = f"../../outside/{CANARY}<script>"
    app.query_params.update(
        dict.fromkeys(("study", "split", "label", "image", "run", "opened"), hostile)
    )

    app.run()

    assert not app.exception
    assert app.selectbox(key="study").value == "mine"
    assert CANARY not in "".join(element.value for element in [*app.markdown, *app.sidebar.warning])
