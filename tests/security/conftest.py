from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.attacks import Outside, Payload


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    folder = Outside(tmp_path / "outside")
    yield folder
    folder.check()


@pytest.fixture
def payload(tmp_path: Path) -> Iterator[Payload]:
    """Something that must not be unpickled."""
    harmful = Payload(tmp_path / "it ran")
    yield harmful
    assert not harmful.marker.exists()
