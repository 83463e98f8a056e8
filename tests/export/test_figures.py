"""What `udviz export --to figures` writes, and refuses; the charts are drawn by a real Chromium."""

import re
import sys

import pypdfium2
import pytest
from PIL import Image, ImageChops

from tests.browser.conftest import executable
from tests.pages.caches import write_caches
from tests.pages.synthetic import EIGHT, add_false_positives, names_of, write_study
from udviz import cli
from udviz.commands import export
from udviz.export.figures import files
from udviz.figures.style.paper import WIDTHS_MM
from udviz.ui.frame.view import view_of
from udviz.ui.load.study import read_study


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "demo", names=names_of(3))


def view(study):
    return view_of(read_study(study), "test")


@pytest.mark.browser
def test_a_chart_is_written_in_every_kind_as_wide_as_it_will_be_in_print(
    study, monkeypatch, capsys
):
    monkeypatch.setenv("BROWSER_PATH", executable())
    one = list(files.named_charts(view(study)))[:1]
    monkeypatch.setattr(files, "named_charts", lambda view: one)

    export.main([str(study), "--to", "figures"])

    folder = study / "export" / "figures"
    names = {f"models-{mm}mm.{kind}" for mm in (85, 180) for kind in ("svg", "pdf", "png")}
    assert capsys.readouterr().out == f"{folder} (1 chart)\n"
    assert {path.name for path in folder.iterdir()} == {*names, files.CAPTIONS}
    for mm in WIDTHS_MM.values():
        drawn = (folder / f"models-{mm}mm.svg").read_text()
        (px,) = re.findall(r'<svg[^>]* width="([\d.]+)"', drawn)[:1]
        assert float(px) * 25.4 / 96 == pytest.approx(mm)
        assert "baseline" in drawn  # letters stay letters
        with Image.open(folder / f"models-{mm}mm.png") as picture:
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
            assert picture.width * 25.4 / 300 == pytest.approx(mm, abs=0.1)
            marks = extent(picture)
        with pypdfium2.PdfDocument(folder / f"models-{mm}mm.pdf") as document:
            (page,) = document
            assert page.get_width() * 25.4 / 72 == pytest.approx(mm, abs=0.1)
            assert "baseline" in "".join(page.get_textpage().get_text_range().split())
            assert extent(page.render(scale=300 / 72).to_pil()) == pytest.approx(marks, abs=3)


def extent(picture):
    """Ends in pixels of what is drawn on white."""
    drawn = picture.convert("RGB")
    return ImageChops.difference(drawn, Image.new("RGB", drawn.size, "white")).getbbox()


def test_every_chart_that_the_study_has_numbers_for_is_written_for_each_comparison(tmp_path):
    path = write_study(tmp_path / "wide", names=names_of(4), models=EIGHT[:4])
    write_caches(path)
    add_false_positives(path)

    charts = dict(files.named_charts(view(path)))

    names = list(charts)
    assert names[:5] == ["models", "difficulty", "positives", "reliability", "gain-grid"]
    of_one = [name for name in names if name.endswith("-distilled-over-baseline")]
    assert {name.removesuffix("-distilled-over-baseline") for name in of_one} == {
        *("gains", "gains-by-label", "false-positives", "gain-difficulty"),
    }
    assert charts["reliability"].alt.endswith("Without cal: no predictions that can be read.")


def test_two_models_whose_names_no_file_can_have_are_told_apart(tmp_path):
    names, pairs = ("a", "../b", "..:b"), [("a", "../b"), ("a", "..:b")]
    path = write_study(tmp_path / "odd", names=names_of(2), models=names, comparisons=pairs)

    written = [name for name, _ in files.named_charts(view(path)) if name.startswith("gains-_")]

    assert written == ["gains-_b-over-a", "gains-_b-over-a-2"]


def test_without_kaleido_it_says_how_to_install_it_and_writes_nothing(study, monkeypatch):
    monkeypatch.setitem(sys.modules, "kaleido", None)

    with pytest.raises(SystemExit, match=r"package kaleido.*pip install '\.\[figures\]'"):
        cli.run("export", [str(study), "--to", "figures"])

    assert list((study / "export").iterdir()) == []


def test_without_a_browser_it_says_which_to_install_and_writes_nothing(study, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chrome")

    with pytest.raises(FileNotFoundError, match=r"must find Chrome or Chromium.*BROWSER_PATH"):
        export.main([str(study), "--to", "figures"])

    assert list((study / "export").iterdir()) == []
