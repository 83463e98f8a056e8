import gzip

import pytest

from udviz.data.problems import ProblemLog
from udviz.data.tables import text
from udviz.data.tables.text import find_delimiter, text_file

LINES = "image,größe\na.jpg,1\n"


def read(path, **settings):
    log = ProblemLog()
    return text_file(path, log, **settings).read(), log.guesses


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "ascii"]
)
def test_unicode_is_recognised_and_not_called_a_guess(tmp_path, encoding):
    content = LINES if encoding != "ascii" else "image,cat\n"
    (tmp_path / "t.csv").write_bytes(content.encode(encoding))

    assert read(tmp_path / "t.csv") == (content, [])


def test_what_is_no_unicode_is_read_as_windows_writes_it_and_said(tmp_path):
    (tmp_path / "t.csv").write_bytes(LINES.encode("cp1252"))

    content, (guess,) = read(tmp_path / "t.csv")

    assert content == LINES
    assert guess.flag == "--data.encoding"


def test_the_encoding_that_is_asked_for_is_used_or_refused(tmp_path):
    (tmp_path / "t.csv").write_bytes("image,狗\n".encode("gb2312"))

    assert read(tmp_path / "t.csv", encoding="gb2312") == ("image,狗\n", [])
    for wrong in ("utf-8", "no-such-encoding"):
        with pytest.raises(ValueError, match=r"pass the name of its encoding as --data\.encoding"):
            read(tmp_path / "t.csv", encoding=wrong)


def test_a_packed_text_is_unpacked_whatever_its_name(tmp_path):
    (tmp_path / "t.csv").write_bytes(gzip.compress(LINES.encode()))

    assert read(tmp_path / "t.csv")[0] == LINES


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("image;cat\na.jpg;1,0\n", ";"),
        ("image\tcat\na.jpg\t1\n", "\t"),
        ("image|cat\na.jpg|1\n", "|"),
        ("image,tags\na.jpg,cat|dog|owl\n", ","),
        ('image,tags\na.jpg,"cat;dog"\nb.jpg,owl\n', ","),
        ("sep=;\nimage;cat\n", ";"),
        ("image\na.jpg\n", ","),
    ],
)
def test_the_delimiter_is_the_one_that_makes_regular_columns(tmp_path, content, delimiter):
    (tmp_path / "t.csv").write_text(content)

    assert find_delimiter(text_file(tmp_path / "t.csv", ProblemLog())) == delimiter


def test_no_more_than_a_bound_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MOST_BYTES", 2**21)
    (tmp_path / "bomb.csv").write_bytes(gzip.compress(b"a" * 2**23))

    with pytest.raises(ValueError, match="at most 2,097,152 bytes"):
        text_file(tmp_path / "bomb.csv", ProblemLog())


@pytest.mark.parametrize("length", [2, 9, 20, 40])
def test_a_packed_file_that_is_cut_is_refused(tmp_path, length):
    whole = gzip.compress(LINES.encode() * 100)
    (tmp_path / "t.csv").write_bytes(whole[: min(length, len(whole) - 1)])

    with pytest.raises(ValueError, match="cannot be unpacked"):
        text_file(tmp_path / "t.csv", ProblemLog())


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\0\0\0\rIHDR", b"a,b\n" * 2000 + b"\0"])
def test_what_is_no_text_is_refused(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)

    with pytest.raises(ValueError, match=r"zero bytes|cannot be read as"):
        text_file(tmp_path / "t.csv", ProblemLog())
