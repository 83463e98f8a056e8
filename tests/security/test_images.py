"""Image and mask files that were made to do harm: bombs, pipes, devices, torn and mutated bytes."""

import io
import os
import struct
import subprocess
import sys
import time
import warnings
import zlib
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.security.attacks import FEW, damaged, refused, told, watched
from tests.security.datasets import PHOTOS, write_dataset
from udviz.data.images import decoding
from udviz.data.images.decoding import (
    DECODER_BYTES,
    FORMATS,
    MAX_BYTES,
    MAX_PIXELS,
    check_image,
    read_image,
)
from udviz.data.images.digests import FileDigests
from udviz.data.images.files import inspect_files
from udviz.data.images.masks import mask_folder, read_label_values
from udviz.data.images.pixels import upright_rgb
from udviz.data.problems import DataProblems
from udviz.data.source import load_dataset

ACROSS = 20_000  # 400 million pixels, more than twice the limit


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def png_bomb(side: int = ACROSS, bits: int = 1, *, colour: int = 0) -> bytes:
    """A few kB that claim ``side`` squared pixels, grey or with alpha (6), and hold them."""
    squeeze = zlib.compressobj(1)
    row = bytes(1 + side * bits * (4 if colour == 6 else 1) // 8)
    rows = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", side, side, bits, colour, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bmp_claim() -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, ACROSS, ACROSS, 1, 24, *[0] * 6)


def tiff_claim(side: int) -> bytes:
    """A header that claims ``side`` squared RGB pixels; 200,000 of them are about 100 GB."""
    tags = {256: side, 257: side, 258: 8, 259: 1, 262: 2, 273: 8, 277: 3, 278: side, 279: 100}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + b"\0" * 4


def gif_claim() -> bytes:
    side = struct.pack("<H", 65535)
    return b"GIF89a" + side + side + b"\0\0\0,\0\0\0\0" + side + side + b"\0\x02\0;"


BETWEEN = 14_000  # a side above our limit where Pillow itself would only warn
AS_IN_USE = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
BOMBS = {
    "png, just too large": png_bomb(BETWEEN),
    "png": png_bomb(),
    "bmp": bmp_claim(),
    "tiff": tiff_claim(200_000),
    "gif": gif_claim(),
    "ppm": b"P6 20000 20000 255\n",
    "pgm": b"P5 99999999999 99999999999 255\n",
}
OTHERS = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) (w) file\n",
    "html": b"<html><script>alert(1)</script>",
    "pickle": b"\x80\x04\x95cos\nsystem\n",
    "wmf": b"\xd7\xcd\xc6\x9a" + b"\0" * 100,
    "psd": b"8BPS\0\x01" + b"\0" * 100,
    "icns": b"icns\0\0\0\x08",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04" + b"\0" * 100,
    "mpo loop": b"\xff\xd8\xff\xe2\0\x10MPF\0II*\0\x08\0\0\0",
    "empty": b"",
}


@AS_IN_USE
@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("look", [check_image, read_image])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, kind, look):
    (tmp_path / "bomb.jpg").write_bytes(BOMBS[kind])

    sentence = refused(lambda: look(tmp_path / "bomb.jpg"), names="bomb.jpg")

    assert f"more pixels than the {MAX_PIXELS:,} allowed" in sentence or "cannot be" in sentence


JUST_BELOW = 13_376  # a side
PEAK = (
    "import resource, sys; from udviz.data.images.decoding import read_image;"
    "import numpy; before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
    "image = read_image(sys.argv[1], at_least_px=448);"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, *image.shape)"
)


@pytest.mark.parametrize(("bits", "colour"), [(16, 0), (8, 6)], ids=["16 bit", "transparent"])
def test_an_image_just_below_the_limit_takes_the_memory_of_one_picture(tmp_path, bits, colour):
    (tmp_path / "a.png").write_bytes(png_bomb(JUST_BELOW, bits, colour=colour))
    command = [sys.executable, "-c", PEAK, str(tmp_path / "a.png")]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    kib, height, width, _ = map(int, done.stdout.split())
    assert 448 <= height == width < 500
    assert kib * 1024 < MAX_BYTES


@pytest.mark.parametrize("kind", sorted(DECODER_BYTES.keys() & set(FORMATS)))
@pytest.mark.parametrize("look", [check_image, read_image])
def test_a_format_whose_decoder_takes_more_than_the_picture_is_refused_earlier(
    tmp_path, monkeypatch, kind, look
):
    for name in (kind, "PNG"):
        Image.new("RGB", (100, 100)).save(tmp_path / name, name)
    monkeypatch.setattr(decoding, "MAX_BYTES", 100 * 100 * 7)

    look(tmp_path / "PNG")
    assert f"as {kind} of this size it takes" in refused(lambda: look(tmp_path / kind), names=kind)


def test_large_pictures_are_decoded_one_at_a_time_in_a_process(tmp_path, monkeypatch):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (100, 100)).save(tmp_path / name)
    monkeypatch.setattr(decoding, "LARGE", 1_000)
    together, most = [], []

    def convert(image, *, factor):
        together.append(image)
        most.append(len(together))
        time.sleep(0.05)
        together.pop()
        return upright_rgb(image, factor=factor)

    monkeypatch.setattr(decoding, "upright_rgb", convert)
    files = [tmp_path / "a.png", tmp_path / "b.png"] * 2
    inspect_files(files, verify="decode", digests=FileDigests())

    assert most == [1, 1, 1, 1]


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_a_bomb_among_the_photos_is_a_problem_of_its_row(tmp_path, kind):
    config = write_dataset(tmp_path, "csv")
    (tmp_path / "images" / "a.jpg").write_bytes(BOMBS[kind])

    with pytest.raises(DataProblems, match="more pixels than"):
        watched(lambda: load_dataset(config))


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("look", [check_image, read_image])
def test_what_is_no_photo_is_refused_and_no_program_is_asked(tmp_path, kind, look):
    (tmp_path / "a.jpg").write_bytes(OTHERS[kind])

    refused(lambda: look(tmp_path / "a.jpg"), names="a.jpg")


def test_no_format_that_starts_a_program_or_reads_other_files_is_read():
    assert not {"EPS", "WMF", "FITS", "GBR", "HDF5", "GRIB", "PSD", "PDF"} & set(FORMATS)


@pytest.mark.parametrize("special", ["fifo", "zero", "folder", "socket"])
def test_what_is_no_plain_file_is_a_problem_and_not_waited_for(tmp_path, monkeypatch, special):
    config = write_dataset(tmp_path, "csv")
    place = tmp_path / "images" / "a.jpg"
    place.unlink()
    if special == "fifo":
        os.mkfifo(place)
    elif special == "zero":
        monkeypatch.setenv("UDVIZ_DATA", "/")  # so that the link itself is allowed
        os.symlink("/dev/zero", place)
    elif special == "folder":
        place.mkdir()
    else:
        os.mknod(place, 0o140644)

    with pytest.raises(DataProblems, match=r"unreadable image|missing file"):
        watched(lambda: load_dataset(config))


@AS_IN_USE
@pytest.mark.parametrize("bits", [1, 8, 16])
def test_a_mask_that_is_a_bomb_is_refused_before_it_is_decoded(tmp_path, bits):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(png_bomb(BETWEEN, bits))
    (tmp_path / "values.csv").write_text("value,label\n1,cat\n")
    values = read_label_values(tmp_path / "values.csv", ["cat"])
    masks = mask_folder(tmp_path / "masks", ["a.jpg"], label_of_value=values)

    assert "more pixels than" in refused(lambda: masks(0), names="a.png")


def test_a_text_in_a_png_that_unpacks_without_end_is_refused(tmp_path):
    text = zlib.compress(bytes(80_000_000), 9)
    photo = io.BytesIO()
    Image.new("RGB", (4, 4)).save(photo, "PNG")
    whole = photo.getvalue()
    extra = chunk(b"zTXt", b"x\0\0" + text)
    (tmp_path / "a.png").write_bytes(whole[:33] + extra + whole[33:])

    told(lambda: read_image(tmp_path / "a.png"))


@cache
def turned_photo(kind: str) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, kind, exif=exif)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore")  # of Pillow, which a test would take for an error
@pytest.mark.parametrize("kind", FORMATS)
def test_a_photo_with_any_one_byte_of_its_head_gone_is_read_or_refused(tmp_path, kind):
    whole = turned_photo(kind)

    for place in range(min(400, len(whole))):
        (tmp_path / "broken").write_bytes(whole[:place] + b"\0" + whole[place + 1 :])
        told(lambda: read_image(tmp_path / "broken"))


@FEW
@given(data=st.data())
@pytest.mark.parametrize("kind", FORMATS)
def test_a_damaged_photo_is_read_or_refused(tmp_path, kind, data):
    broken = tmp_path / "broken"
    broken.write_bytes(data.draw(damaged(turned_photo(kind))))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, which a test would take for an error
        told(lambda: read_image(broken))
        told(lambda: read_image(broken, at_least_px=8))
        told(lambda: inspect_files([broken], verify="header", digests=FileDigests()))


def test_the_photos_of_these_tests_are_whole(tmp_path):
    config = write_dataset(tmp_path, "csv")

    assert load_dataset(config).image_ids == tuple(f"{photo}.jpg" for photo in PHOTOS)
