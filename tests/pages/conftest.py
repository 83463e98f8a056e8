import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from tests.pages.synthetic import HOSTILE_NAMES, names_of, write_study
from tests.pages.walked import write_walked
from udviz.ui.frame import access

ROOT = Path(__file__).parents[2]
DIFFICULTY = "pages/1_Difficulty.py"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the app takes for the folder of all studies."""
    root = tmp_path / "runs"
    root.mkdir()
    monkeypatch.setenv("UDVIZ_RUNS", str(root))
    return root


@pytest.fixture
def study(runs: Path) -> Path:
    return write_study(runs / "demo", names=names_of(20))


@pytest.fixture(params=["one label", "hostile names", "2,000 labels"])
def odd_study(request: pytest.FixtureRequest, runs: Path) -> Path:
    names = {
        "one label": ["only"],
        "hostile names": list(HOSTILE_NAMES),
        "2,000 labels": names_of(2000),
    }
    return write_study(runs / "odd", names=names[request.param])


@pytest.fixture(scope="session")
def walked_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose every number is held against its source, written once."""
    return write_walked(tmp_path_factory.mktemp("walk") / "runs" / "demo")


@pytest.fixture
def walked(walked_study: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """It, in the folder of all studies; nobody changes it for longer than a test."""
    monkeypatch.setenv("UDVIZ_RUNS", str(walked_study.parent))
    return walked_study


@pytest.fixture(scope="session", autouse=True)
def _packages_are_looked_at_once() -> Iterator[None]:
    """AppTest looks for components in every installed package at each run: a third of a second."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(autouse=True)
def _main_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest leaves its script behind as `__main__`, which processes of later tests would run."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def _owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest comes through no gate; it plays the person who started the app."""
    monkeypatch.setattr(access, "is_owner", lambda: True)


@pytest.fixture
def open_app() -> Callable[..., AppTest]:
    """Open a page as a browser would, with query parameters."""

    def open_app(page: str | None = None, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "overview.py"), default_timeout=120)
        if page:
            app.switch_page(page)
        app.query_params.update(query)
        return app.run()

    return open_app
