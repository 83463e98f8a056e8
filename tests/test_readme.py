"""The README is true: what it names exists, and what exists is named."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PIPELINES = (
    *("study", "launch", "stop", "train", "predict", "analyse", "check", "compare", "doctor"),
    "export",
)


def test_every_recipe_is_named_and_every_named_one_exists():
    exist = {path.stem for path in (ROOT / "udviz" / "recipe" / "recipes").glob("*.toml")}

    assert set(re.findall(r"^\| `([\w-]+)` \|", README, re.MULTILINE)) == exist
    assert set(re.findall(r"--recipe ([\w-]+)", README)) <= exist


def test_every_pipeline_is_named_and_every_named_one_exists():
    runnable = {
        path.stem
        for path in (ROOT / "pipelines").glob("*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }

    assert runnable == set(PIPELINES)
    assert set(re.findall(r"pipelines\.(\w+)", README)) == runnable


def test_every_page_is_named_and_every_named_one_exists():
    exist = {f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")}

    assert set(re.findall(r"`(pages/\w+\.py)`", README)) == exist


def test_every_page_is_named_with_its_own_question():
    for path in (ROOT / "overview.py", *sorted((ROOT / "pages").glob("*.py"))):
        docstring = path.read_text(encoding="utf-8").split('"""')[1]
        question = docstring.split(": ", 1)[1].strip()
        assert question[0].upper() + question[1:] in README


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_make_target_and_linked_file_exists(path):
    text = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z]+)\b(?= |`|$)", text, re.MULTILINE)) <= targets | {"test"}
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / link).exists(), f"{path.name} links to {link}"
    for module in re.findall(r"python -m ((?:pipelines|tests)[\w.]+)", text):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module
