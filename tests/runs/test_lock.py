import subprocess
import sys

import pytest

from udviz.runs.lock import exclusive


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
        "import os, sys, signal; from pathlib import Path; from udviz.runs.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    assert ended.returncode == -9
    with exclusive(tmp_path):
        pass
