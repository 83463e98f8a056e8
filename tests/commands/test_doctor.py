import pytest

from udviz.commands import doctor
from udviz.installation import EXTRAS


def test_everything_that_is_here_is_named_with_its_version(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("UDVIZ_RUNS", str(tmp_path))

    doctor.main([])

    told = capsys.readouterr().out
    assert "the app and the statistics: ok, numpy " in told
    assert f"studies: 0 in `{tmp_path}`" in told


def test_every_extra_is_looked_for():
    assert set(doctor.WORTH) == set(EXTRAS)


def test_a_missing_package_is_named_with_the_command_that_brings_it():
    told = doctor.packages("flying", ("numpy", "wings"), remedy="pip install wings")

    assert told == "flying: MISSING wings. To have it: pip install wings"


def test_a_place_that_cannot_hold_studies_ends_with_a_failure(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("UDVIZ_RUNS", str(tmp_path / "file" / "runs"))

    with pytest.raises(SystemExit) as ended:
        doctor.main([])

    assert ended.value.code == 1
    assert "cannot be written. Set UDVIZ_RUNS to another folder" in capsys.readouterr().out


def test_gpus_that_pytorch_cannot_use_are_told(monkeypatch):
    monkeypatch.setenv("UDVIZ_GPUS", "0,1")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)

    assert "can use none of the 2 found" in doctor.gpus()
