"""Every Python example of the docs runs and prints what it promises."""

import re
from pathlib import Path

import pytest
from sklearn.metrics import average_precision_score

from tests.pages.synthetic import write_study
from udviz import stats
from udviz.predictions.cache import open_predictions
from udviz.ui.load.study import read_study

ROOT = Path(__file__).parents[1]
EXAMPLES = [
    (path.name, code)
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for code in re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
]


@pytest.fixture(autouse=True)
def _somebody_has_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_study(tmp_path / "runs" / "demo", names=["cat", "dog"])
    monkeypatch.chdir(tmp_path)


PLAIN = [(name, code) for name, code in EXAMPLES if name != "your-own-training.md"]


@pytest.mark.parametrize(("name", "code"), PLAIN, ids=[name for name, _ in PLAIN])
def test_an_example_runs(name, code):
    exec(compile(code, name, "exec"), {})


def test_the_ten_line_example_finds_the_label_that_was_helped_and_only_that(capsys):
    code = dict(EXAMPLES)["statistics.md"]
    results: dict = {}

    exec(compile(code, "statistics.md", "exec"), results)

    assert results["gains"].table["verdict"].tolist() == ["helped", *["inconclusive"] * 3]
    assert "difficulty" in capsys.readouterr().out


def test_a_training_loop_of_one_s_own_leaves_predictions_and_a_study(tmp_path):
    results: dict = {}

    exec(compile(dict(EXAMPLES)["your-own-training.md"], "your-own-training.md", "exec"), results)

    caches = [open_predictions(tmp_path / "caches" / name) for name in ("baseline", "distilled")]
    before, after = (
        average_precision_score(run.targets, run.logits, average=None) for run in caches
    )
    gains = read_study(tmp_path / "runs" / "own").comparisons.query(
        "scope == 'label' and metric == 'average_precision'"
    )
    assert gains["gain"].to_numpy() == pytest.approx(after - before, abs=1e-6)
    assert results["found"].verdict


def test_the_table_of_statistics_names_every_room_and_everything_that_is_offered():
    text = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    rows = [row.split("|") for row in text.splitlines() if row.count("|") == 4]
    offered, rooms = (
        {name for row in rows for name in re.findall(r"`(\w+)`", row[column])} for column in (2, 3)
    )

    assert offered == set(stats.__all__)
    assert rooms == {path.parent.name for path in (ROOT / "udviz/stats").glob("*/__init__.py")}
