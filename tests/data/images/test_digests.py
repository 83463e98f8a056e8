import os

import pytest

from udviz.data.images import digests, files
from udviz.data.images.digests import FileDigests, memory_of


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"first")
    return path


@pytest.fixture
def memory(tmp_path):
    return tmp_path / "memory" / "files.digests"


@pytest.fixture
def old_files(monkeypatch):
    """Every file counts as old enough to be remembered."""
    monkeypatch.setattr(digests, "SETTLED_NS", -(10**15))


@pytest.fixture
def hashed(monkeypatch):
    """The files that were read to the end."""
    paths, read = [], digests._read
    monkeypatch.setattr(digests, "_read", lambda path: paths.append(path) or read(path))
    return paths


def read_all(memory, *files):
    known = FileDigests(memory)
    found = [known.read(path).digest for path in files]
    known.save()
    return found


def test_a_second_start_reads_no_file_again(file, memory, old_files, hashed):
    first = read_all(memory, file)
    second = read_all(memory, file)

    assert first == second
    assert hashed == [file]


@pytest.mark.parametrize("change", ["bytes", "bytes, as old", "another file", "place"])
def test_a_file_that_changed_is_read_again(file, memory, old_files, hashed, change):
    before, times = read_all(memory, file), file.stat()
    if change == "another file":
        file.with_name("b").write_bytes(b"other")
        file.with_name("b").replace(file)
    elif change == "place":
        file = file.rename(file.with_name("b"))
    else:
        file.write_bytes(b"other")
    if change == "bytes, as old":
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert (read_all(memory, file) == before) == (change == "place")
    assert len(hashed) == 2


def test_a_file_that_changed_just_now_is_not_remembered(file, memory, hashed):
    read_all(memory, file)
    read_all(memory, file)

    assert hashed == [file, file]
    assert not memory.exists()


@pytest.mark.parametrize("damage", ["cut", "changed", "pipe", "link", "folder", "too large"])
def test_a_damaged_memory_is_no_memory(file, memory, old_files, hashed, damage):
    before, whole = read_all(memory, file), memory.read_bytes()
    memory.unlink()
    if damage == "pipe":
        os.mkfifo(memory)
    elif damage == "folder":
        memory.mkdir()
    elif damage == "link":
        memory.with_name("elsewhere").write_bytes(whole)
        memory.symlink_to("elsewhere")
    elif damage == "too large":
        memory.write_bytes(whole)
        os.truncate(memory, 20 * 2**30)
    else:
        memory.write_bytes(whole[:-32] if damage == "cut" else whole[:-1] + b"?")

    assert read_all(memory, file) == before
    assert hashed == [file, file]


def test_what_other_tables_of_a_folder_remembered_stays(file, memory, old_files, hashed):
    other = file.with_name("other")
    other.write_bytes(b"other")
    read_all(memory, file)
    read_all(memory, other)

    read_all(memory, file, other)

    assert hashed == [file, other]


def test_files_that_are_gone_do_not_pile_up(file, memory, old_files):
    for number in range(30):
        file.write_bytes(str(number).encode())
        read_all(memory, file)

    assert memory.stat().st_size <= 16 + 6 * 32


def test_a_memory_that_cannot_be_written_stops_nobody(file, old_files):
    assert read_all(file / "no folder" / "memory", file)


def test_a_file_larger_than_any_image_is_refused_unread(file, hashed):
    os.truncate(file, digests.LARGEST_FILE + 1)

    with pytest.raises(OSError, match="more than the 1,073,741,824 bytes allowed"):
        FileDigests().read(file)


def test_data_sets_have_memories_of_their_own(tmp_path):
    places = {memory_of(tmp_path, tmp_path / name) for name in ("a", "b", "./a")}

    assert len(places) == 2


def test_a_file_is_decoded_once_and_never_again_while_its_bytes_are_the_same(
    tmp_path, memory, monkeypatch, save_photo
):
    photo, decoded = save_photo(tmp_path / "a.png"), []
    read = files.read_image
    monkeypatch.setattr(files, "read_image", lambda path, **how: decoded.append(path) or read(path))

    def start():
        known = FileDigests(memory)
        files.inspect_files([photo], verify="decode", digests=known)
        known.save()

    start()
    start()
    assert decoded == [photo]
    save_photo(photo, seed=1)
    start()
    assert decoded == [photo, photo]
