"""The planted faults of tests/benchmarks keep up with the code and the tests they are about."""

from pathlib import Path

import pytest

from tests.benchmarks import (
    planted_data_faults,
    planted_faults,
    planted_job_faults,
    planted_run_faults,
)

ROOT = Path(__file__).parents[1]
FAULTS = [
    *planted_faults.FAULTS,
    *planted_run_faults.FAULTS,
    *planted_job_faults.FAULTS,
    *planted_data_faults.FAULTS,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted_and_its_tests_exist(fault):
    file, _, test = fault.tests.partition("::")

    assert fault.right in (ROOT / fault.file).read_text(encoding="utf-8")
    assert test.partition("[")[0] in (ROOT / file).read_text(encoding="utf-8")
