"""The charts of a study as files for a paper: SVG and PDF, whose letters stay letters, and PNG."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from udviz.export.figures.charts import Chart, of_comparison, of_study
from udviz.export.typeset import as_markdown
from udviz.figures.style.paper import CSS_PX_PER_MM, DPI, MM_PER_INCH, PX_PER_MM, WIDTHS_MM, printed
from udviz.figures.style.text import plural
from udviz.processes import usable_cores
from udviz.ui.frame.view import View, view_of

KINDS = {  # of file: pixels per mm in print; those of SVG and PDF are CSS pixels, 96 to the inch
    "svg": CSS_PX_PER_MM,
    "pdf": CSS_PX_PER_MM,
    "png": DPI / MM_PER_INCH,
}
CAPTIONS = "captions.md"
_MOST_TABS = 4  # of the browser, each of which draws
_LONGEST = 120  # characters of a name, before its width and kind
NO_BROWSER = (
    "`--to figures` must find Chrome or Chromium, which draws them. Install one (on Debian and "
    "Ubuntu `apt-get install chromium`, elsewhere `kaleido_get_chrome`), or set BROWSER_PATH to "
    "its program."
)


def write_figures(view: View, folder: Path) -> str:
    """Write every chart of a study and of its comparisons in both widths and all kinds.

    Args:
        view: The study and its split.
        folder: Must not exist yet.

    Returns:
        How many charts there are.

    Raises:
        ModuleNotFoundError: If kaleido is not installed.
        FileNotFoundError: If there is no browser.
        RuntimeError: If the browser fails.
    """
    import kaleido
    from kaleido.errors import ChromeNotFoundError

    charts = dict(named_charts(view))
    folder.mkdir(parents=True)
    (folder / CAPTIONS).write_text(captions(charts), encoding="utf-8")
    try:
        kaleido.write_fig_from_object_sync(
            [job for name, chart in charts.items() for job in _jobs(name, chart, folder)],
            cancel_on_error=True,
            kopts={"n": min(_MOST_TABS, usable_cores()), "page_generator": _page()},
        )
    except ChromeNotFoundError as error:
        raise FileNotFoundError(NO_BROWSER) from error
    for path in folder.glob("*.png"):
        _say_resolution(path)
    return plural(len(charts), "chart")


def _page() -> Any:
    """The page that kaleido draws on, without MathJax, which it would fetch, and without margins.

    Kaleido prints a PDF with margins of a tenth of an inch, to which it shrinks the chart.
    """
    from kaleido import PageGenerator

    page = PageGenerator(mathjax=False)
    page.header += "<style>@page { margin: 0 }</style>"
    return page


def named_charts(view: View) -> Iterator[tuple[str, Chart]]:
    """Name and chart of all that is written; names of files say the comparison they are of."""
    taken: set[str] = set()
    for chart in of_study(view):
        yield _free(chart.name, taken), chart
    for pair in view.study.pairs:
        before, after = pair
        for chart in of_comparison(view_of(view.study, view.split, pair=pair)):
            yield _free(f"{chart.name}-{after}-over-{before}", taken), chart


def captions(charts: Mapping[str, Chart]) -> str:
    """What every chart shows, as Markdown: its title, which is not in the picture, and numbers."""
    return "\n\n".join(
        f"**{name}**: {as_markdown(f'{chart.title}. {chart.alt}')}"
        for name, chart in charts.items()
    )


def _free(name: str, taken: set[str]) -> str:
    """``name`` as every file system takes it; the second of two that are alike is numbered."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:_LONGEST]
    tries = (plain, *(f"{plain}-{place}" for place in range(2, len(taken) + 3)))
    free = next(name for name in tries if name not in taken)
    taken.add(free)
    return free


def _jobs(name: str, chart: Chart, folder: Path) -> Iterator[dict[str, Any]]:
    """What kaleido is told to write: a chart in every width and kind."""
    for word, width_mm in WIDTHS_MM.items():
        figure = chart.narrow if word == "column" and chart.narrow else chart.figure
        drawn = printed(figure, width_mm=width_mm)
        for kind, px_per_mm in KINDS.items():
            yield {
                "fig": drawn,
                "path": folder / f"{name}-{width_mm}mm.{kind}",
                "opts": {"format": kind, "scale": px_per_mm / PX_PER_MM},
            }


def _say_resolution(path: Path) -> None:
    """Write into a picture how large it is in print."""
    with Image.open(path) as picture:
        picture.load()
    picture.save(path, dpi=(DPI, DPI))
