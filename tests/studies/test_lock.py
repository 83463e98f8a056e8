import os
import subprocess
import sys

import pytest

from udviz.studies.lock import HANDED_OVER, exclusive


def test_a_second_holder_is_refused_and_the_lock_is_free_afterwards(tmp_path):
    with (
        exclusive(tmp_path),
        pytest.raises(RuntimeError, match="another process"),
        exclusive(tmp_path),
    ):
        pass

    with exclusive(tmp_path):
        pass


def test_a_killed_holder_leaves_no_lock(tmp_path):
    code = (
        "import os, sys, signal; from pathlib import Path\n"
        "from udviz.studies.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    assert ended.returncode == -9
    with exclusive(tmp_path):
        pass


def test_a_process_that_was_handed_the_lock_holds_it_and_goes_on_holding_it(tmp_path):
    code = (
        "import sys; from pathlib import Path; from udviz.studies.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1])): print('held', flush=True); input()"
    )
    with exclusive(tmp_path) as lock:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[lock],
            env=os.environ | {HANDED_OVER: str(lock)},
        )
        assert process.stdout.readline() == b"held\n"

    with pytest.raises(RuntimeError, match="another process"), exclusive(tmp_path):
        pass
    process.communicate(b"\n")
    with exclusive(tmp_path):
        pass


@pytest.mark.parametrize("handed", ["", "x", "0", "99"])
def test_a_descriptor_of_another_file_counts_for_nothing(tmp_path, monkeypatch, handed):
    monkeypatch.setenv(HANDED_OVER, handed)

    with (
        exclusive(tmp_path),
        pytest.raises(RuntimeError, match="another process"),
        exclusive(tmp_path),
    ):
        pass
