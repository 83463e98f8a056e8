import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from udviz.data.images import decoding, pixels
from udviz.data.images.decoding import ImageError, check_image, read_image

RED = (255, 0, 0)


def test_a_jpeg_taken_with_a_turned_camera_comes_out_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to see it upright
    sideways = np.zeros((16, 32, 3), dtype=np.uint8)
    sideways[:, :16] = RED
    Image.fromarray(sideways).save(tmp_path / "a.jpg", exif=exif, quality=95)

    image = read_image(tmp_path / "a.jpg")

    assert image.shape == (32, 16, 3)
    assert image[4, 8, 0] > 200  # the left half is now the upper one
    assert image[28, 8, 0] < 50


def test_cmyk_becomes_rgb(tmp_path):
    cyan = np.zeros((8, 8, 4), dtype=np.uint8)
    cyan[..., 0] = 255
    Image.fromarray(cyan, mode="CMYK").save(tmp_path / "a.tif")

    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[0, 0], [0, 255, 255])


@pytest.mark.parametrize(("sixteen", "eight"), [(0, 0), (257 * 100, 100), (65535, 255)])
def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path, sixteen, eight):
    Image.fromarray(np.full((2, 3), sixteen, dtype=np.uint16)).save(tmp_path / "a.png")

    image = read_image(tmp_path / "a.png")

    assert image.shape == (2, 3, 3)
    assert (image == eight).all()


def test_a_palette_image_with_a_transparent_colour_lies_on_white(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a.png", transparency=1)

    np.testing.assert_array_equal(read_image(tmp_path / "a.png")[0], [RED, (255, 255, 255)])


def test_half_transparent_red_lies_on_white(tmp_path):
    Image.new("RGBA", (1, 1), (*RED, 128)).save(tmp_path / "a.png")

    np.testing.assert_array_equal(read_image(tmp_path / "a.png")[0, 0], [255, 127, 127])


def test_of_an_animation_the_first_frame_is_taken(tmp_path):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])

    assert (read_image(tmp_path / "a.gif") == RED).all()


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp", "tif"])
def test_an_image_of_one_pixel_is_an_image(tmp_path, suffix):
    Image.new("RGB", (1, 1), "white").save(tmp_path / f"a.{suffix}")

    assert (read_image(tmp_path / f"a.{suffix}") > 250).all()
    assert read_image(tmp_path / f"a.{suffix}").shape == (1, 1, 3)


def test_a_zip_bomb_is_refused_before_it_is_decoded(tmp_path):
    (tmp_path / "a.png").write_bytes(png_that_claims(100_000, 100_000))

    for look in (read_image, check_image):
        with pytest.raises(ImageError, match=r"a\.png: more pixels than the 178,956,970 allowed"):
            look(tmp_path / "a.png")


def test_the_pixel_limit_is_a_setting(tmp_path):
    Image.new("RGB", (11, 10)).save(tmp_path / "a.png")

    assert read_image(tmp_path / "a.png", max_pixels=110).shape == (10, 11, 3)
    with pytest.raises(ImageError, match="more pixels than the 109 allowed"):
        read_image(tmp_path / "a.png", max_pixels=109)


def test_an_image_between_the_warning_of_pillow_and_our_limit_is_read_without_a_warning(tmp_path):
    Image.new("1", (10_000, 10_000)).save(tmp_path / "a.png")

    check_image(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif"])
def test_a_truncated_image_is_refused_by_both_looks(tmp_path, rng, suffix):
    noise = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / f"a.{suffix}")
    data = (tmp_path / f"a.{suffix}").read_bytes()
    (tmp_path / f"a.{suffix}").write_bytes(data[: len(data) // 2])

    for look in (read_image, check_image):
        with pytest.raises(ImageError, match=rf"a\.{suffix}: cannot be decoded"):
            look(tmp_path / f"a.{suffix}")


def test_a_jpeg_with_a_long_appendix_is_whole(tmp_path, save_photo):
    path = save_photo(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes() + bytes(5_000))

    check_image(path)


def test_a_missing_file_a_text_and_a_script_for_ghostscript_are_refused_by_name(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    Image.new("RGB", (4, 4)).save(tmp_path / "a.eps")

    with pytest.raises(ImageError, match=r"b\.jpg: there is no such file"):
        read_image(tmp_path / "b.jpg")
    with pytest.raises(ImageError, match=r"a\.txt: not an image in a format that is read"):
        read_image(tmp_path / "a.txt")
    with pytest.raises(ImageError, match=r"a\.eps: not an image in a format that is read"):
        read_image(tmp_path / "a.eps")


def test_floating_point_pixels_are_refused_with_advice(tmp_path):
    Image.fromarray(np.zeros((2, 2), dtype=np.float32)).save(tmp_path / "a.tif")

    with pytest.raises(ImageError, match="no agreed range; save as 8 or 16 bit"):
        read_image(tmp_path / "a.tif")


def test_a_reduced_jpeg_stays_large_enough_and_looks_the_same(tmp_path, save_photo):
    path = save_photo(tmp_path / "a.jpg", size=(640, 480))

    reduced = read_image(path, at_least_px=100)

    assert reduced.shape[0] in range(100, 480)
    small = np.asarray(Image.fromarray(reduced).resize((64, 48)), dtype=float)
    whole = np.asarray(Image.fromarray(read_image(path)).resize((64, 48)), dtype=float)
    assert np.abs(small - whole).mean() < 2.0


@pytest.mark.filterwarnings("ignore")  # Pillow warns of some of the damage, and rightly
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_damaged_file_gives_an_image_or_an_image_error_and_nothing_else(tmp_path, rng, kind):
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(file, kind)

    for _ in range(60):
        data = bytearray(file.getvalue())
        for place in rng.integers(0, len(data), 4):
            data[place] = rng.integers(0, 256)
        (tmp_path / "a").write_bytes(data)
        try:
            image = read_image(tmp_path / "a", max_pixels=10_000)
        except ImageError:
            continue
        assert image.ndim == 3
        assert image.dtype == np.uint8


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_way_to_hold_a_camera_comes_out_as_pillow_turns_it(tmp_path, rng, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = rng.integers(0, 256, (5, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)

    with Image.open(tmp_path / "a.png") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "I;16"])
def test_strips_join_without_a_seam(tmp_path, monkeypatch, rng, mode):
    kind = np.uint16 if mode == "I;16" else np.uint8
    shape = (50, 31, len(mode)) if mode.startswith("RGB") else (50, 31)
    Image.fromarray(rng.integers(0, 256, shape).astype(kind)).save(tmp_path / "a.png")
    at_once = read_image(tmp_path / "a.png")

    monkeypatch.setattr(pixels, "STRIP_PIXELS", 3 * 31)

    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), at_once)


def test_a_large_picture_is_reduced_by_averaging(tmp_path, monkeypatch, rng):
    monkeypatch.setattr(decoding, "LARGE", 1_000)
    monkeypatch.setattr(pixels, "STRIP_PIXELS", 100)
    whole = rng.integers(0, 256, (43, 60, 3), dtype=np.uint8)
    Image.fromarray(whole).save(tmp_path / "a.png")

    reduced = read_image(tmp_path / "a.png", at_least_px=14)

    assert reduced.shape == (15, 20, 3)
    mean = whole[:42].reshape(14, 3, 20, 3, 3).mean(axis=(1, 3))
    assert np.abs(reduced[:14] - mean).max() < 1
    assert np.abs(reduced[14] - whole[42:].reshape(20, 3, 3).mean(axis=1)).max() < 1


@pytest.mark.parametrize(("n_bits", "white"), [(10, 1023), (12, 4095), (16, 65535)])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_of_10_and_12_bits_in_a_file_of_16_is_scaled_by_its_range(
    tmp_path, n_bits, white, suffix
):
    ramp = np.linspace(0, white, 256).round().astype(np.uint16)
    path = tmp_path / f"ramp.{suffix}"
    Image.fromarray(np.tile(ramp, (4, 1))).save(path)

    pixels = read_image(path)

    assert np.abs(pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1
