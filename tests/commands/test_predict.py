import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from udviz.commands import predict


def test_a_run_whose_weights_are_gone_says_what_to_do(trained, tmp_path):
    study = shutil.copytree(trained, tmp_path / "study")
    shutil.rmtree(study / "teacher" / "checkpoints" / "best")
    asked = ["--recipe", str(study / "study.toml"), "--out", str(study), "--quiet"]

    with pytest.raises(
        FileNotFoundError, match=r"must hold the trained weights.*delete `.*teacher`"
    ):
        predict.main([*asked, "--model", "teacher"])


def test_images_of_other_groups_are_predicted_again(trained, monkeypatch):
    monkeypatch.setattr(predict, "differences", lambda *data: [])
    cache: Path = trained / "teacher" / "predictions" / "test"
    digest = predict.open_predictions(cache).manifest.checkpoint_digest
    rows = np.arange(96)

    def is_current(groups):
        return predict._is_current(cache, SimpleNamespace(groups=groups), rows, digest)

    assert is_current(None)
    assert not is_current(np.repeat(["a", "b"], 48))
