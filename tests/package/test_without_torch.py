import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.package.conftest import ROOT, clean
from udviz import __version__

pytestmark = [pytest.mark.package, pytest.mark.timeout(900)]
PAGES = """
from streamlit.testing.v1 import AppTest
from udviz.installation import APP, PAGES
for page in sorted(PAGES.glob("*.py")):
    app = AppTest.from_file(str(APP.with_name("overview.py")), default_timeout=120).run()
    assert app.title[0].value == "Overview", app.exception
    app.switch_page(f"pages/{page.name}").run()
    assert not app.exception, (page, app.exception)
    assert not app.error, (page, app.error)
    print(app.title[0].value, len(app.get("imgs")) + len(app.get("image")))
    if app.title[0].value == "Attention":
        next(b for b in app.button if b.label == "Compute evidence").click().run()
        refused = app.error[0].value
print(refused)
"""


def test_pytorch_is_not_there(bare, tmp_path):
    told = bare.call("python", "-c", "import torch", cwd=tmp_path)

    assert "No module named 'torch'" in told.stderr


def test_the_command_tells_its_version(bare, tmp_path):
    told = bare.call("udviz", "--version", cwd=tmp_path)

    assert told.stdout == f"udviz {__version__}\n"


def test_the_doctor_says_what_works_and_how_to_get_the_rest(bare, tmp_path):
    told = bare.call("udviz", "doctor", cwd=tmp_path)

    assert told.returncode == 0, told.stderr
    assert "the app and the statistics: ok" in told.stdout
    assert "training and explanations: MISSING torch" in told.stdout
    assert "pip install 'udviz[train]'" in told.stdout


@pytest.mark.parametrize("command", ["study", "train", "predict"])
def test_a_command_that_trains_says_what_to_install(bare, tmp_path, command):
    told = bare.call("udviz", command, cwd=tmp_path)

    assert told.returncode == 1
    assert told.stderr.strip() == (
        f"`udviz {command}` needs the package torch, which is not installed: "
        "pip install 'udviz[train]'"
    )


def test_a_study_is_not_launched_into_certain_failure(bare, tmp_path):
    told = bare.call("udviz", "launch", "--recipe", "demo", cwd=tmp_path)

    assert told.returncode == 1
    assert "Training needs PyTorch" in told.stderr


def test_the_notebook_example_of_the_docs_runs(bare, tmp_path):
    text = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    example = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]

    told = bare.call("python", "-c", example, cwd=tmp_path)

    assert "helped" in told.stdout, told.stderr


def test_an_analysis_is_made_again(bare, folder, tmp_path):
    study = shutil.copytree(folder / "runs" / "demo", tmp_path / "demo")
    shutil.rmtree(study / "analysis")

    told = bare.call(
        "udviz", "analyse", "--recipe", f"{study}/study.toml", "--out", str(study), cwd=tmp_path
    )

    assert told.returncode == 0, told.stderr
    for table in (folder / "runs" / "demo" / "analysis").glob("*.parquet"):
        assert (study / "analysis" / table.name).read_bytes() == table.read_bytes(), table.name


def test_every_page_is_drawn_with_its_images_and_an_explanation_says_what_it_needs(
    bare, folder, tmp_path
):
    told = bare.call("python", "-c", PAGES, cwd=tmp_path, UDVIZ_RUNS=str(folder / "runs"))

    assert told.returncode == 0, told.stderr[-3000:]
    *pages, refused = told.stdout.splitlines()
    images = {title: int(count) for title, count in map(str.split, pages)}
    assert len(images) == 8
    assert images["Label"] > 0
    assert images["Attention"] > 0
    assert "pip install 'udviz[train]'" in refused


def test_the_app_answers_on_this_machine_only(bare, folder, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["app", "--runs", str(folder / "runs"), "--server.port", str(port)]
    log = tmp_path / "log.txt"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [bare.program("udviz"), *words, "--server.headless", "true"],
            cwd=tmp_path,
            env=clean({}),
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            assert answer(f"http://localhost:{port}/", server) == 200, log.read_text()
            assert answer(f"http://localhost:{port}/Difficulty", server) == 200
        finally:
            server.kill()
    assert "http://localhost" in log.read_text()
    assert "Network URL" not in log.read_text()


def answer(url: str, server: subprocess.Popen) -> int:
    """HTTP status of a page, once there is a server."""
    ends = time.monotonic() + 90
    while time.monotonic() < ends and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as page:
                return page.status
        except OSError:
            time.sleep(0.2)
    return 0


def test_the_wheel_holds_one_package_with_the_app_and_the_recipes(bare, wheel):
    (packages,) = bare.path.glob("lib/python*/site-packages")
    app, recipes = packages / "udviz" / "app", packages / "udviz" / "recipe" / "recipes"

    assert not any((packages / name).exists() for name in ("pages", "pipelines", "tests", "app.py"))
    for ours, there in ((ROOT / "pages", app / "pages"), (ROOT / "udviz/recipe/recipes", recipes)):
        assert names(there) == names(ours)
    assert (packages / "udviz" / "py.typed").is_file()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.*"))
