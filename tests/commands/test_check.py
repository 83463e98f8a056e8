import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from udviz.commands import check

ROOT = Path(__file__).parents[2]


@pytest.fixture
def photos(tmp_path):
    """Four photos and a table."""
    (tmp_path / "images").mkdir()
    for seed, name in enumerate("abcd"):
        pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{name}.png")
    (tmp_path / "labels.csv").write_text("image,cat\na.png,1\nb.png,0\nc.png,1\nd.png,0\n")
    return tmp_path


def flags(root):
    return ["--data.kind", "table", "--data.root", str(root)]


def test_what_was_understood_is_printed(photos, capsys):
    check.main(flags(photos))

    told = capsys.readouterr().out
    assert "4 images, 1 labels" in told
    assert "guessed: no splits were given, so all are drawn; else --data.splits" in told


def test_a_program_gets_json(photos, capsys):
    check.main([*flags(photos), "--json"])

    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"images", "slices", "splits", "labels", "problems", "guesses"}
    assert found["labels"] == {"cat": {"present": 2, "absent": 2, "unknown": 0}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--data.images", "nowhere"], "The images must be in a folder"),
        (["--data.verify", "x"], "--data.verify: Input should be"),
        (["--data.image_column", "wolf"], "--data.image_column: must name columns"),
        (["--recipe", "nothing"], "nothing"),
    ],
)
def test_a_refusal_is_one_line_and_status_2(photos, capsys, change, words):
    with pytest.raises(SystemExit) as ended:
        check.main([*flags(photos), *change])

    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert not out
    assert words in err
    assert err.count("\n") == 1


def test_images_that_cannot_be_used_are_one_line_too(photos, capsys):
    (photos / "images" / "a.png").write_text("no picture")

    with pytest.raises(SystemExit):
        check.main(flags(photos))

    err = capsys.readouterr().err
    assert "unreadable image: 1" in err
    assert err.count("\n") == 1


def test_nothing_is_written(photos, capsys, monkeypatch):
    before = sorted(photos.rglob("*"))
    monkeypatch.chdir(photos)

    check.main(flags(photos))

    assert sorted(photos.rglob("*")) == before


def test_no_torch_is_needed():
    program = (
        "import sys; sys.modules['torch'] = None; from udviz.commands import check;"
        "check.main(['--data.n_train', '8', '--data.n_val', '4', '--data.n_test', '40'])"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)
