import ast
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from udviz import installation
from udviz.cli import COMMANDS
from udviz.launching.launch import Plan
from udviz.launching.placement import Placement
from udviz.recipe.files import read_recipe, recipe_path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
FOR_OTHERS = {"pyarrow", "onnxscript", "sqlalchemy", "alembic"}  # of pandas, torch.onnx, MLflow
TRAINING = {"udviz/training", "udviz/method", "udviz/explain.py", "udviz/commands"}
WITHOUT = """
import importlib, pkgutil, sys
class Absent:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"{{name}} is absent", name=name)
sys.meta_path.insert(0, Absent)
for room in {rooms}:
    package = importlib.import_module(f"udviz.{{room}}")
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            # left out: what submitit runs, and what exports networks
        if not module.name.startswith(("udviz.launching.job", "udviz.export.onnx.")):
            importlib.import_module(module.name)
for command in ("app", "analyse", "check", "launch", "doctor", "export"):
    importlib.import_module(f"udviz.commands.{{command}}")
"""
RIGHT = (
    *("analysis", "stats", "figures", "ui", "studies", "launching", "export", "predictions"),
    *("recipe", "data"),
)


def package(requirement: str) -> str:
    return re.split(r"[<>=]", requirement)[0]


def typed(**placement) -> str:
    recipe = read_recipe(recipe_path("demo"))
    plan = Plan(source="demo", recipe=recipe, placement=Placement(**placement))
    return plan.typed(Path("/runs/mine"))


@pytest.fixture
def installed(monkeypatch):
    monkeypatch.setattr(installation, "IS_INSTALLED", True)


@pytest.mark.usefixtures("installed")
def test_an_installed_package_prints_commands_that_need_no_checkout():
    options = "--recipe demo --out /runs/mine"

    assert typed() == f"udviz study {options}"
    assert typed(on="slurm") == f"udviz launch {options} --placement.on slurm"
    assert typed(processes=2).endswith(f" -- -m udviz.cli study {options}")


@pytest.mark.usefixtures("installed")
def test_an_installed_package_starts_what_it_prints():
    arguments = [*installation.module_of("analyse"), "--help"]

    told = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert shlex.join(installation.typed(arguments)) == "udviz analyse --help"
    assert "--min_positives" in told.stdout


def test_a_checkout_runs_every_command_as_a_pipeline_and_the_app_by_streamlit():
    pipelines = {path.stem for path in (ROOT / "pipelines").glob("*.py")} - {"__init__"}

    assert pipelines == set(COMMANDS) - {"app"}
    assert installation.called("study") == "python -m pipelines.study"
    assert installation.APP == ROOT / "app.py"


def test_what_the_doctor_looks_for_is_what_is_declared():
    known = {"": installation.REQUIRED, **installation.EXTRAS}

    assert {extra: sorted(names) for extra, names in known.items()} == {
        extra: sorted(map(package, requirements)) for extra, requirements in DECLARED.items()
    }


def test_every_package_that_is_imported_is_declared_and_the_other_way_round():
    owners = packages_distributions()
    imported = {
        owner.lower().replace("_", "-")
        for path in (ROOT / "udviz").rglob("*.py")
        for module in modules(path)
        for owner in owners.get(module, [])
    }

    assert imported | FOR_OTHERS == {package(r) for group in DECLARED.values() for r in group}


def modules(path: Path) -> set[str]:
    """First names of all modules that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {
        name.partition(".")[0]
        for name in plain | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    }


def test_no_version_is_promised_that_the_tests_do_not_run_with():
    pinned = dict(
        re.findall(
            r"^([\w-]+)==(\d+\.\d+)",
            "\n".join((ROOT / f"requirements{kind}.txt").read_text() for kind in ("", "-dev")),
            re.MULTILINE,
        )
    )

    for requirement in (r for group in DECLARED.values() for r in group):
        assert requirement == f"{package(requirement)}>={pinned[package(requirement)]}"


def test_the_right_half_imports_without_what_training_needs():
    absent = tuple(name for names in installation.EXTRAS.values() for name in names)
    program = WITHOUT.format(absent=absent, rooms=RIGHT)

    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert told.returncode == 0, told.stderr[-2000:]


def test_who_runs_the_app_has_no_files_watched():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))

    assert settings["server"]["fileWatcherType"] == "none"
