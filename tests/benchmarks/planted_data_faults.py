"""Would the tests notice data that change unnoticed? Plants one fault at a time and runs its tests.

Run with ``python -m tests.benchmarks.planted_data_faults`` (several minutes). Works on a copy;
prints one line per fault, and ends with an error if a fault survives or can no longer be planted.
"""

import tempfile
from pathlib import Path

from tests.benchmarks.planted_faults import copy_project, plant_all
from tests.benchmarks.planted_run_faults import RunFault

SECURITY = "tests/security/test_changed_data.py"
DIGESTS = "tests/data/images/test_digests.py"


FAULTS = (
    RunFault(
        "changed data: nobody asks",
        "udviz/studies/provenance.py",
        "    check_same_data(study, dataset)\n    return",
        "    return",
        f"{SECURITY}::test_what_changed_after_a_finish_stops_the_study_and_is_named",
    ),
    RunFault(
        "changed data: only caches are asked, which a killed run has not",
        "udviz/studies/provenance.py",
        "if checkpoint.is_dir() else None",
        "if False else None",
        f"{SECURITY}::test_what_changed_after_a_kill_stops_the_study_and_is_named",
    ),
    RunFault(
        "painted over: only the ends and the middle of a file count",
        "udviz/data/readers/assemble.py",
        "images=(file.digest for file in used)",
        "images=(__import__('udviz').data.images.files.sample_digest(path) for path in paths)",
        f"{SECURITY}::test_what_changed_after_a_finish_stops_the_study_and_is_named",
    ),
    RunFault(
        "painted over: the decode-once cache serves the old pixels",
        "udviz/data/images/decoded.py",
        "fingerprint=dataset.fingerprint, side_px=side_px)",
        "fingerprint=dataset.parts['ids'], side_px=side_px)",
        f"{SECURITY}::test_pixels_that_were_painted_over_are_not_served_from_the_cache",
    ),
    RunFault(
        "painted over while a run reads",
        "udviz/data/images/decoded.py",
        "self._files[index].check()",
        "pass",
        f"{SECURITY}::test_what_is_painted_over_while_a_run_reads_is_not_taken_for_what_it_began_with",
    ),
    RunFault(
        "all masks replaced",
        "udviz/data/readers/assemble.py",
        "masks=() if masks is None else masks.contents()",
        "masks=()",
        f"{SECURITY}::test_what_changed_after_a_finish_stops_the_study_and_is_named",
    ),
    RunFault(
        "boxes changed",
        "udviz/data/fingerprint.py",
        '"boxes": _digest_of_boxes(dataset.boxes)',
        '"boxes": _digest_of_boxes(None)',
        f"{SECURITY}::test_boxes_that_changed_stop_the_study",
    ),
    RunFault(
        "difficult flags changed",
        "udviz/data/fingerprint.py",
        "_digest_of_arrays(dataset.difficult.astype(bool))",
        "_digest(())",
        f"{SECURITY}::test_difficult_flags_that_changed_stop_the_study",
    ),
    RunFault(
        "a file that changed just now is taken for known",
        "udviz/data/images/digests.py",
        "< time.time_ns() - SETTLED_NS",
        "< time.time_ns() + SETTLED_NS",
        f"{DIGESTS}::test_a_file_that_changed_just_now_is_not_remembered",
    ),
    RunFault(
        "a file whose time was set back is taken for known",
        "udviz/data/images/digests.py",
        "status.st_mtime_ns, status.st_ctime_ns)\n    named",
        "status.st_mtime_ns)\n    named",
        f"{DIGESTS}::test_a_file_that_changed_is_read_again",
    ),
)


def main() -> None:
    """Plant all of them."""
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        plant_all(FAULTS, Path(folder))


if __name__ == "__main__":
    main()
