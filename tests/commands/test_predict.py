import shutil

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
