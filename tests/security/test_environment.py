"""What a run gets to know of the shell that the app was started in, and others of its files."""

import os
import stat
import subprocess
import sys

import pytest

from tests.studies.programs import start, wait_for
from udviz.commands import command_line as command
from udviz.launching.environment import inherited, named_by
from udviz.launching.launch import Plan, launch
from udviz.launching.launcher import LocalLauncher
from udviz.recipe.files import read_recipe, recipe_path
from udviz.recipe.schema import Recipe
from udviz.studies.status import read_status

SECRETS = ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "UDVIZ_PASSWORD", "SSH_AUTH_SOCK", "HF_TOKEN")
NEEDED = ("PATH", "HOME", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS", "CUDA_HOME", "UDVIZ_DATA", "LANG")
TELL = "say('finished', ' '.join(sorted(os.environ)))\n"


@pytest.fixture(autouse=True)
def shell(monkeypatch):
    """A shell as people have it."""
    monkeypatch.delenv("UDVIZ_SHARED", raising=False)
    for name in (*SECRETS, *NEEDED):
        if name not in ("PATH", "HOME", "LC_ALL", "LANG", "TMPDIR"):
            monkeypatch.setenv(name, "1")
    monkeypatch.setenv("COCO", "/data/coco")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TMPDIR", "/tmp")


def test_a_run_gets_what_it_needs_and_no_secret(root):
    study = start(root / "mine", TELL)
    wait_for(study, "finished")

    seen = set(read_status(study).message.split())

    assert set(NEEDED) <= seen
    assert not {*SECRETS, "COCO"} & seen


def test_the_variables_that_a_recipe_s_paths_name_travel_and_the_password_never_does():
    recipe = Recipe.model_validate(
        {
            "data": {"kind": "coco", "root": "$COCO/2014"},
            "teacher": {"weights": "${HF_TOKEN}/x.pth"},
            "student": {"weights": "$UDVIZ_PASSWORD"},
        }
    )

    named = named_by(recipe)

    assert named == {"COCO", "HF_TOKEN", "UDVIZ_PASSWORD"}
    assert {"COCO", "HF_TOKEN"} <= inherited(named).keys()
    assert "UDVIZ_PASSWORD" not in inherited(named)


def test_a_launch_passes_on_what_its_recipe_names(root, monkeypatch):
    started = {}
    monkeypatch.setattr(LocalLauncher, "start", lambda self, *args, **named: started.update(named))
    recipe = read_recipe(recipe_path("coco2014"))
    data = recipe.data.model_copy(update={"root": "$COCO"})

    launch(Plan(source="coco2014", recipe=recipe.model_copy(update={"data": data})), root / "mine")

    assert set(started["wanted"]) == {"COCO"}


def modes(folder):
    """What group and others may do with a folder and all that is in it."""
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) & 0o077
        for path in (folder, *folder.rglob("*"))
    }


@pytest.fixture
def open_handed():
    """A process whose umask lets everybody read and write, as a careless shell has it."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_a_launched_run_writes_is_for_its_own_account(root, open_handed):
    launch(demo(), root / "mine", launcher=Writer())
    wait_for(root / "mine", "finished")

    found = modes(root / "mine")

    assert found["."] == 0
    assert found["made"] == found["made/by the run"] == 0


def test_a_study_of_the_terminal_is_for_its_own_account(root, open_handed):
    asked = command.parse(["--out", str(root / "mine")], program="x", summary="x")

    with command.study_at(asked, n_parts=1):
        pass

    assert modes(root / "mine")["."] == 0


def test_a_program_withholds_what_it_writes_from_others(tmp_path, open_handed):
    maker = "from pathlib import Path\nmain = lambda arguments: Path(*arguments).mkdir()"
    (tmp_path / "maker.py").write_text(maker)
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r}); from udviz import cli\n"
        f"cli.COMMANDS['make'] = ('maker', '')\ncli.run('make', [{str(tmp_path / 'made')!r}])"
    )

    subprocess.run([sys.executable, "-c", code], check=True)

    assert modes(tmp_path)["made"] == 0


def test_studies_are_for_others_where_that_is_asked_for(root, open_handed, monkeypatch):
    monkeypatch.setenv("UDVIZ_SHARED", "1")

    launch(demo(), root / "mine", launcher=Writer())
    wait_for(root / "mine", "finished")

    assert modes(root / "mine")["made/by the run"] & 0o044


def demo():
    return Plan(source="demo", recipe=read_recipe(recipe_path("demo")))


class Writer(LocalLauncher):
    """Starts a run that makes a folder and a file in its study."""

    def start(self, study, arguments, **named):
        made = (
            f"made = Path({str(study / 'made')!r}); made.mkdir(); (made / 'by the run').touch()\n"
        )
        begin = f"from pathlib import Path; from udviz.studies.status import *\n{made}"
        end = f"write_status(Path({str(study)!r}), Status(state='finished', stage='', fraction=1))"
        super().start(study, ["-c", begin + end], **named)
