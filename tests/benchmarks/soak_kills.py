"""A study killed with -9 at random instants, and on a disk that fills up: the same bits in the end.

python -m tests.benchmarks.soak_kills --kills 110 --full_disks 0
mount -t tmpfs -o size=256m none DIR
python -m tests.benchmarks.soak_kills --kills 0 --full_disks 10 --under DIR
A tiny study is trained, predicted and analysed once in peace. Then it is started again and again,
killed with all its children after a random time until it comes through; or the disk has a random
number of bytes left, the study ends with a sentence, gets room, and goes on. Weights, predictions
and tables must have the bits of the first one. Prints what happened.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.conftest import ROOT, SMALL_STUDY
from udviz.studies.files import file_digest
from udviz.studies.status import read_status

KEPT = ("*/checkpoints/*/*.safetensors", "*/predictions/*/*.npy", "analysis/*.parquet")
MOST_KILLS = 6  # of one study
BALLAST = "ballast"


def bits_of(study: Path) -> dict[str, str]:
    """Digest of every file that must be the same."""
    files = (file for pattern in KEPT for file in study.glob(pattern))
    return {str(file.relative_to(study)): file_digest(file) for file in files}


def start(study: Path) -> subprocess.Popen[bytes]:
    """Train, predict and analyse ``study``, or go on with it, in a session of its own."""
    command = [sys.executable, "-m", "pipelines.study", *SMALL_STUDY, "--out", str(study)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True, **quiet)  # type: ignore[call-overload,no-any-return]


def stage_of(study: Path) -> str:
    """What was being done, without its numbers."""
    status = read_status(study)
    return "before it began" if status is None else status.stage.split(",")[0]


def killed(study: Path, seconds: float, chance: random.Random, n_kills: int) -> Counter[str]:
    """Kill the study up to ``n_kills`` times, then let it finish; in which stages it died."""
    stages: Counter[str] = Counter()
    while True:
        process = start(study)
        try:
            if sum(stages.values()) < n_kills:
                process.wait(chance.uniform(0.0, seconds))
            else:
                process.wait()
            break
        except subprocess.TimeoutExpired:
            stages[stage_of(study)] += 1
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        raise SystemExit(f"{study} ended with {process.returncode}: {process.stderr.read()!r}")  # type: ignore[union-attr]
    return stages


def starved(study: Path, n_bytes: int) -> str:
    """Run the study with ``n_bytes`` left on its disk, then with room; what it said at its end."""
    ballast = study.parent / BALLAST
    free = shutil.disk_usage(study.parent).free
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - n_bytes))
    first = start(study)
    _, said = first.communicate()
    ballast.unlink()
    if first.returncode == 0:
        return "came through"
    second = start(study)
    _, later = second.communicate()
    if second.returncode:
        raise SystemExit(f"{study} did not go on: {later!r}")
    lines = said.decode().strip().splitlines()
    traced = any(line.startswith("Traceback") for line in lines)
    return "a TRACEBACK" if traced else f"{lines[-1].replace(str(study), 'STUDY')[:100]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=110)
    parser.add_argument("--full_disks", type=int, default=10)
    parser.add_argument("--under", type=Path, help="folder for the studies")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(dir=options.under) as folder:
        peaceful = Path(folder) / "peaceful"
        begun = time.monotonic()
        if start(peaceful).wait():
            raise SystemExit("The study does not come through in peace either.")
        seconds, bits = time.monotonic() - begun, bits_of(peaceful)
        size = sum(f.stat().st_size for f in peaceful.rglob("*") if f.is_file())
        print(f"in peace: {seconds:.0f} s, {size:,} bytes, {len(bits)} files whose bits count")
        wrong, stages, sentences, n_studies = [], Counter[str](), Counter[str](), 0
        while sum(stages.values()) < options.kills:
            study = Path(folder) / f"killed-{n_studies}"
            left = options.kills - sum(stages.values())
            stages += killed(study, seconds, chance, min(left, chance.randint(1, MOST_KILLS)))
            wrong += [study.name] * (bits_of(study) != bits)
            n_studies += 1
            shutil.rmtree(study)
        for number in range(options.full_disks):
            study = Path(folder) / f"starved-{number}"
            sentences[starved(study, chance.randrange(size))] += 1
            wrong += [study.name] * (bits_of(study) != bits)
            shutil.rmtree(study)
    print(f"{sum(stages.values())} kills in {n_studies} studies, while: {dict(stages)}")
    print(f"{sum(sentences.values())} full disks: {dict(sentences)}")
    print(f"other bits in: {wrong}" if wrong else "all have the bits of the one in peace")
    raise SystemExit(bool(wrong) or any("TRACEBACK" in said for said in sentences))


if __name__ == "__main__":
    main()
