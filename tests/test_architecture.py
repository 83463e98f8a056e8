"""The import rules of docs/architecture.md, as a test."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TREES = ("udviz", "pipelines", "pages", "app.py", "overview.py")
MOST_FILES = 14  # of a room; one that grows past that wants sub-rooms

COMMON = {  # what every room may import
    *("udviz.checks", "udviz.vocabulary", "udviz.installation", "udviz.processes"),
    *("udviz.bounded", "udviz.given", "udviz.stoppable", "udviz.__version__"),
}
WALL = "udviz.predictions"
READING = {
    *("udviz.figures", "udviz.stats", WALL, "udviz.analysis", "udviz.studies", "udviz.launching"),
    *("udviz.recipe", "udviz.roots", "udviz.data", "udviz.export", "udviz.comparing"),
}
TRAINING = {"udviz.training", "udviz.method", "udviz.data", WALL, "udviz.studies", "udviz.recipe"}
MAY_IMPORT = {  # room -> what it may import, besides COMMON, the standard library and numpy
    "udviz/__init__.py": {"udviz.comparing", "udviz.showing"},
    "udviz/checks.py": set(),
    "udviz/bounded.py": set(),
    "udviz/given.py": set(),
    "udviz/installation.py": set(),
    "udviz/processes.py": set(),
    "udviz/scratch.py": set(),
    "udviz/stoppable.py": set(),
    "udviz/vocabulary.py": set(),
    "udviz/showing.py": {"udviz.studies.directory"},
    "udviz/cli.py": {"udviz.studies.failure", "udviz.studies.privacy"},
    "udviz/roots.py": {"udviz.recipe", "udviz.studies.directory"},
    "udviz/recipe": {"udviz.recipe", "pydantic", "tomli_w"},
    "udviz/data": {"udviz.data", "udviz.recipe", "udviz.roots", "pandas", "PIL", "tqdm"},
    "udviz/method": {
        *("udviz.method", "udviz.recipe", "torch", "torchvision", "safetensors", "timm"),
    },
    "udviz/training": {
        *(*TRAINING, "udviz.roots", "udviz.stats.ranking", "torch", "safetensors", "tomli_w"),
    },
    "udviz/predictions": {"udviz.scratch", WALL, "udviz.stats.labels.probabilities", "pandas"},
    "udviz/predictions/brought/branches.py": {WALL, "udviz.stats.uncertainty.measures"},
    "udviz/stats": {"udviz.scratch", "udviz.stats", "pandas", "scipy"},
    "udviz/analysis": {
        *("udviz.analysis", "udviz.data", WALL, "udviz.recipe", "udviz.stats", "udviz.studies"),
        *("udviz.scratch", "pandas"),
    },
    "udviz/comparing": {
        *("udviz.comparing", "udviz.analysis", WALL, "udviz.recipe", "udviz.studies"),
        *("udviz.data.dataset", "udviz.data.images", "udviz.data.kept_boxes"),
        *("udviz.data.problems", "udviz.data.tables"),
        *("pandas", "scipy", "tomli_w"),
    },
    "udviz/figures": {"udviz.stats", "udviz.figures", "plotly", "pandas"},
    "udviz/studies": {"udviz.studies", "psutil"},
    "udviz/studies/provenance.py": {"udviz.studies", "udviz.data", WALL, "udviz.recipe"},
    "udviz/studies/models.py": {"udviz.studies", "udviz.recipe"},
    "udviz/studies/status.py": {"udviz.studies", "udviz.launching.cluster"},
    "udviz/launching": {
        *("udviz.launching", "udviz.studies", "udviz.recipe", "psutil", "pydantic", "submitit"),
    },
    "udviz/export": {
        *(*READING, "udviz.export", "udviz.ui", "tensorboard", "mlflow"),
        *("pandas", "markdown_it", "PIL"),
    },
    "udviz/export/onnx": {*TRAINING, "udviz.export", "udviz.stats", "torch", "pandas"},
    "udviz/explain.py": {*TRAINING, "torch", "captum"},  # the app's one door to torch
    "udviz/ui": {
        *(*READING, "udviz.ui", "udviz.explain"),
        *("streamlit", "pandas", "plotly", "pydantic", "PIL"),
    },
    "app.py": {"udviz.ui.server", "streamlit"},
    "overview.py": {*READING, "udviz.ui", "streamlit"},
    "pages": {*READING, "udviz.ui", "streamlit"},
    "udviz/commands": {
        *(*TRAINING, *READING, "udviz.commands"),
        *("pandas", "pydantic", "pydantic_settings", "tqdm"),
    },
    "udviz/commands/export.py": {*READING, "udviz.ui"},
    "udviz/commands/doctor.py": {"udviz.launching", "udviz.studies", "torch"},
    "pipelines": {"udviz.cli"},
}
RULED = {
    *("udviz", "pipelines", "pages", "streamlit", "torch", "torchvision", "plotly", "captum"),
    *("pandas", "scipy", "cleanlab", "PIL", "tqdm", "pydantic", "pydantic_settings"),
    *(
        "psutil",
        "safetensors",
        "tomli_w",
        "markdown_it",
        "submitit",
        "tensorboard",
        "timm",
        "mlflow",
    ),
}


def python_files(root: Path) -> list[Path]:
    """Every file that a rule speaks of."""
    places = [root / tree for tree in TREES]
    return sorted(f for p in places for f in ([p] if p.suffix else p.rglob("*.py")))


def imported_names(path: Path) -> set[str]:
    """Absolute names of everything ``path`` imports, also for type checking only."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rule_of(path: Path, root: Path) -> str:
    """The narrowest rule that speaks of ``path``; empty if there is none."""
    relative = path.relative_to(root).as_posix()
    rooms = [room for room in MAY_IMPORT if relative == room or relative.startswith(room + "/")]
    return max(rooms, key=len, default="")


def faults_of_imports(root: Path) -> list[str]:
    """Imports against the rules, and files that no rule speaks of."""
    faults = []
    for path in python_files(root):
        rule = rule_of(path, root)
        allowed = COMMON | MAY_IMPORT.get(rule, set())
        if not rule and path.name != "__init__.py":
            faults.append(f"{path.relative_to(root)} lives in no room")
        for name in imported_names(path):
            ruled = name.split(".")[0] in RULED
            if ruled and not any(name == a or name.startswith(a + ".") for a in allowed):
                faults.append(f"{path.relative_to(root)} imports {name}")
    return faults


def entries_without_use(root: Path) -> list[str]:
    """What a rule allows and nobody does."""
    used: dict[str, set[str]] = {room: set() for room in MAY_IMPORT}
    for path in python_files(root):
        if rule := rule_of(path, root):
            used[rule] |= imported_names(path)
    return [
        f"{room}: {entry}"
        for room, allowed in MAY_IMPORT.items()
        for entry in allowed
        if not any(name == entry or name.startswith(entry + ".") for name in used[room])
        and entry not in READING | TRAINING
    ]


def cycle_of(root: Path) -> tuple[str, ...]:
    """Modules that import each other in a circle; empty if there are none."""
    modules = {_module(f, root): f for f in python_files(root)}
    graph = {
        module: {known for name in imported_names(f) if (known := _known(name, modules))}
        for module, f in modules.items()
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> tuple[str, ...]:
        if module in path:
            return (*path[path.index(module) :], module)
        if module not in done:
            for other in sorted(graph[module] - {module}):
                if found := visit(other, (*path, module)):
                    return found
            done.add(module)
        return ()

    return next(filter(None, (visit(module, ()) for module in graph)), ())


def _module(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts)


def _known(name: str, modules: dict[str, Path]) -> str:
    """The module of the project that an imported name is, or lies in."""
    owner = name.rpartition(".")[0]
    return name if name in modules else owner if owner in modules else ""


def test_every_room_imports_only_what_it_may():
    assert faults_of_imports(ROOT) == []


def test_no_rule_allows_what_nobody_does():
    assert entries_without_use(ROOT) == []


def test_no_module_imports_itself_in_a_circle():
    assert cycle_of(ROOT) == ()


def test_a_room_has_about_a_dozen_files_at_most():
    rooms = {f.parent for f in python_files(ROOT)}
    sizes = {r: sum(f.name != "__init__.py" for f in r.glob("*.py")) for r in rooms}

    assert {r.relative_to(ROOT).as_posix(): n for r, n in sizes.items() if n > MOST_FILES} == {}


@pytest.mark.parametrize(
    ("file", "line", "told"),
    [
        ("udviz/stats/maps/grids.py", "import torch", "imports torch"),
        ("udviz/stats/maps/grids.py", "from udviz.ui.frame import page", "imports udviz.ui"),
        (
            "udviz/training/loop.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import streamlit",
            "imports streamlit",
        ),
        ("udviz/stray.py", "", "lives in no room"),
    ],
)
def test_an_import_against_the_rules_is_seen(tmp_path, file, line, told):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    for script in ("app.py", "overview.py"):
        (tmp_path / script).touch()
    path.write_text(line)

    assert any(told in fault for fault in faults_of_imports(tmp_path))


def test_a_circle_is_seen_also_where_it_closes_for_type_checking_only(tmp_path):
    room = tmp_path / "udviz" / "stats"
    room.mkdir(parents=True)
    for script in ("app.py", "overview.py"):
        (tmp_path / script).touch()
    (room / "a.py").write_text("from udviz.stats import b")
    (room / "b.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from udviz.stats.a import x"
    )

    assert cycle_of(tmp_path) == ("udviz.stats.a", "udviz.stats.b", "udviz.stats.a")


def test_the_app_imports_what_needs_torch_only_when_it_is_asked_to():
    eager = [path for path in (ROOT / "udviz" / "ui").rglob("*.py") if _imports_explain(path)]

    assert eager == []


def _imports_explain(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return any(name.startswith("udviz.explain") for name in names)
