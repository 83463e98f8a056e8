import pytest

from udviz.studies.files import replace_file


def test_a_write_that_fails_leaves_the_old_content_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "status.json"
    replace_file(path, "old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, "new")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
