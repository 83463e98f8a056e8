import subprocess
import sys

import pytest

from udviz import __version__, cli, installation


def test_help_lists_every_command_with_a_line(capsys):
    cli.main(["--help"])

    told = capsys.readouterr().out
    for name, (_, line) in cli.COMMANDS.items():
        assert f"  {name:<12} {line}\n" in told


def test_help_imports_no_command():
    program = "import sys; from udviz.cli import main; main(['--help']); print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert not {"numpy", "pydantic", "udviz.commands", "torch"} & set(told.split())


def test_the_version_is_told(capsys):
    cli.main(["--version"])

    assert capsys.readouterr().out == f"udviz {__version__}\n"


def test_an_unknown_command_is_answered_with_those_there_are():
    with pytest.raises(SystemExit, match=r"must be one of app, study, .* got 'stduy'"):
        cli.main(["stduy"])


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])

    assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "udviz.commands.train", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(installation, "IS_INSTALLED", True)
    monkeypatch.setitem(cli.COMMANDS, "train", ("torch", ""))

    with pytest.raises(SystemExit, match=r"package torch, .*: pip install 'udviz\[train\]'"):
        cli.run("train", [])


def test_a_missing_module_of_our_own_is_no_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "udviz.commands.train", None)

    with pytest.raises(ModuleNotFoundError, match=r"udviz\.commands\.train"):
        cli.run("train", [])


def test_an_error_is_a_sentence(monkeypatch):
    def fail(arguments):
        raise ValueError("`x` must be 1, got 2.")

    monkeypatch.setattr("udviz.launching.stop.main", fail)

    with pytest.raises(SystemExit, match=r"^Failed: `x` must be 1, got 2\.$"):
        cli.run("stop", [])
