"""The import rules of docs/architecture.md, as a test."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT = {
    "udviz.method.attention",
    "udviz.checks",
    "udviz.data",
    "udviz.labels",
    "udviz.method.losses",
    "udviz.models",
    "udviz.recipe",
    "udviz.roots",
    "udviz.runs",
    "udviz.training",
}
RIGHT = {
    *(
        "udviz.figures",
        "udviz.labels",
        "udviz.predictions.manifest",
        "udviz.predictions.cache",
        "udviz.runs",
    ),
    "udviz.stats",
}
MAY_IMPORT = {  # room -> what it may import, besides the standard library and numpy
    "udviz/checks.py": set(),
    "udviz/recipe.py": {"udviz.checks", "pydantic"},
    "udviz/roots.py": {"udviz.checks", "udviz.recipe", "udviz.studies.directory"},
    "udviz/scratch.py": set(),
    "udviz/predictions/manifest.py": set(),
    "udviz/predictions/cache.py": {"udviz.predictions.manifest", "udviz.scratch", "pandas"},
    "udviz/data": {
        *("udviz.checks", "udviz.data", "udviz.recipe", "udviz.roots"),
        *("pandas", "PIL", "tqdm"),
    },
    "udviz/training/transforms.py": {"udviz.recipe", "torch"},
    "udviz/method/losses.py": {"udviz.checks", "torch"},
    "udviz/method/attention.py": {"udviz.checks", "udviz.method.losses", "udviz.models", "torch"},
    "udviz/models": {"udviz.checks", "udviz.models", "torch", "torchvision", "safetensors"},
    "udviz/analysis/object_masks.py": {"udviz.data.dataset", "udviz.stats.maps.grids"},
    "udviz/explain.py": {*LEFT, "torch", "captum"},  # the app's one door to torch
    "udviz/training": {*LEFT, "udviz.stats.average_precision.ranking", "torch", "safetensors"},
    "udviz/runs": {
        *("udviz.checks", "udviz.runs", "udviz.recipe"),
        *("psutil", "pydantic"),
    },
    "udviz/launching/cluster.py": {"submitit"},
    "udviz/launching/job.py": {"udviz.runs", "submitit"},
    "udviz/stats": {
        *("udviz.checks", "udviz.scratch", "udviz.stats"),
        *("pandas", "scipy", "sklearn"),
    },
    "udviz/figures": {"udviz.stats", "udviz.figures", "plotly", "pandas"},
    "udviz/ui": {
        *RIGHT,
        *(
            "udviz.ui",
            "udviz.checks",
            "udviz.recipe",
            "udviz.roots",
            "udviz.data",
            "udviz.analysis.object_masks",
        ),
        "udviz.explain",
        *("streamlit", "pandas", "plotly", "pydantic", "PIL", "markdown_it"),
    },
    "app.py": {*RIGHT, "udviz.ui", "streamlit"},
    "pages": {*RIGHT, "udviz.ui", "streamlit"},
    "pipelines": {
        *LEFT,
        "pipelines",
        "udviz.analysis.object_masks",
        *("udviz.predictions.manifest", "udviz.predictions.cache"),
        "udviz.stats",
        "torch",
        "pandas",
        "pydantic",
        "pydantic_settings",
        "tomli_w",
        "tqdm",
    },
}
RULED = {
    *("udviz", "pipelines", "pages", "streamlit", "torch", "torchvision", "plotly", "captum"),
    *("pandas", "scipy", "sklearn", "cleanlab", "PIL", "tqdm", "pydantic", "pydantic_settings"),
    *("psutil", "safetensors", "tomli_w", "markdown_it", "submitit"),
}


def files_of(room: str) -> list[Path]:
    """Files a rule speaks of: those of the room that have no narrower rule of their own."""
    place = ROOT / room
    files = [place] if place.suffix else sorted(place.rglob("*.py"))
    return [f for f in files if room == _narrowest(f)]


def imported_names(path: Path) -> set[str]:
    """Absolute names of everything ``path`` imports from a place with rules."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in RULED}


def _narrowest(path: Path) -> str:
    relative = path.relative_to(ROOT).as_posix()
    rooms = [room for room in MAY_IMPORT if relative == room or relative.startswith(room + "/")]
    return max(rooms, key=len, default="")


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_room_imports_only_what_it_may(room):
    files = files_of(room)
    assert files, f"no such room: {room}"
    allowed = tuple(MAY_IMPORT[room])
    for path in files:
        for name in imported_names(path):
            assert any(name == a or name.startswith(a + ".") for a in allowed), (
                f"{path.relative_to(ROOT)} imports {name}; {room} may import only {sorted(allowed)}"
            )


def test_every_file_lives_in_a_room_with_a_rule():
    code = [*(ROOT / "udviz").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py"), ROOT / "app.py"]
    homeless = [f.relative_to(ROOT).as_posix() for f in code if not _narrowest(f)]

    assert [f for f in homeless if not f.endswith("__init__.py")] == []


def test_the_app_imports_what_needs_torch_only_when_it_is_asked_to():
    eager = [path for path in (ROOT / "udviz" / "ui").rglob("*.py") if _imports_explain(path)]

    assert eager == []


def _imports_explain(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return any(name.startswith("udviz.explain") for name in names)


def test_packages_have_empty_inits_so_that_importing_one_room_imports_no_other():
    assert all(not f.read_text() for f in (ROOT / "udviz").rglob("__init__.py"))


def test_no_module_imports_itself_in_a_circle():
    graph = {_module(f): _project_imports(f) for f in (ROOT / "udviz").rglob("*.py")}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"import cycle: {' -> '.join((*path, module))}"
        if module not in done:
            for other in graph.get(module, ()):
                visit(other, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _project_imports(path: Path) -> set[str]:
    """Modules of the project that ``path`` imports when it runs (not for type checking only)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("udviz.")
    }
