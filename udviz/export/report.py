"""A study as one HTML file that opens anywhere, offline: figures, tables, recipe, versions."""

import html
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime

import pandas as pd
from markdown_it import MarkdownIt

from udviz.bounded import MOST_RECORD, read_text
from udviz.checks import shown
from udviz.export.figures import charts
from udviz.figures.style.text import MISSING, count, one_line
from udviz.studies.directory import STUDY_FILE, RunDirectory
from udviz.studies.listing import list_runs
from udviz.ui.frame.view import View
from udviz.ui.labels import sentences, text_tables

MOST_LABELS = 60  # in the picture of the ranking; the table has all
_PANELS = ("rank", "average precision", "gain", "causes")
_FACTS = ("seed", "code_version", "device", "precision", "processes")
_FOLDERS = re.compile(r"""(["'])(?:/|~|[A-Za-z]:[/\\])[^"'\n]*?([^"'/\\\n]+)[/\\]?\1""")  # absolute
_MARKDOWN = MarkdownIt("js-default")  # names of a study cannot bring HTML of their own
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1B2430; max-width: 1100px; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.9rem } h2 { font-size: 1.35rem; margin-top: 2.2rem }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { white-space: nowrap; padding: .25rem .6rem; border-bottom: 1px solid #DDE2E8;
         text-align: right }
th:first-child, td:first-child { text-align: left }
.wide { overflow-x: auto } .how { color: #5A6472; font-size: 13px } figure { margin: 1rem 0 }
pre { background: #F4F6F8; padding: 1rem; overflow-x: auto; font-size: 12px }
@media print { .wide { overflow: visible } table { font-size: 9px } }
"""


def study_report(view: View) -> str:
    """The whole report as HTML; nothing in it is loaded from elsewhere."""
    title = html.escape(one_line(f"{view.study.path.name}, {view.split} split"))
    return "\n".join(
        [
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>',
            f"<style>{_STYLE}</style><h1>{title}</h1>",
            *_models(view),
            *_labels(view),
            *_origin(view),
            "</html>",
        ]
    )


def _models(view: View) -> Iterator[str]:
    yield _sentence(sentences.what_was_trained(view))
    yield "<h2>Models</h2>" + _sentence(sentences.headline(view.study, view.comparison))
    yield _figure(charts.models(view), first=True)
    yield f'<div class="wide">{as_html(text_tables.model_table(view).reset_index())}</div>'
    yield _how(sentences.how_to_read_models(view))


def _labels(view: View) -> Iterator[str]:
    yield "<h2>Labels</h2>"
    if chart := charts.gains(view):
        yield _figure(chart)
    yield _figure(charts.difficulty(view, panels=_PANELS, most=MOST_LABELS))
    yield _how(
        f"Each row is a label; lines are 95 % intervals. {sentences.DIFFICULTY} Names in italics "
        "have too few positives to be evaluated."
    )
    if shared := sentences.shared_in_words(view.labels):
        yield _sentence(shared)
    yield f'<div class="wide">{as_html(text_tables.label_table(view.labels, view))}</div>'
    yield "<h2>How certain are these results?</h2>"
    yield _sentence(sentences.how_certain(view.comparison, view.labels))


def _origin(view: View) -> Iterator[str]:
    """What made these numbers: runs with their versions, and the recipe."""
    yield "<h2>Where it comes from</h2>"
    rows = [{"run": run.name} | _record(run) for run in list_runs(view.study.path)]
    yield f'<div class="wide">{as_html(pd.DataFrame(rows))}</div>' if rows else ""
    recipe = read_text(view.study.path / STUDY_FILE)
    yield f"<h3>Recipe</h3><pre>{html.escape(without_folders(recipe))}</pre>"
    yield _how(f"Written on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by udviz.")


def _record(run: RunDirectory) -> dict[str, object]:
    """What a run says it was made with."""
    try:
        record = tomllib.loads(read_text(run.record, most=MOST_RECORD))
        versions = ", ".join(f"{name} {value}" for name, value in record["libraries"].items())
        facts = {name: record[name] for name in _FACTS}
        return facts | {"libraries": f"python {record['python']}, {versions}"}
    except (OSError, ValueError, KeyError, AttributeError, RecursionError) as error:
        return {"libraries": f"{run.record.name} cannot be read ({shown(repr(error))})"}


def _sentence(markdown: str) -> str:
    return str(_MARKDOWN.render(markdown))


def _how(text: str) -> str:
    return f'<p class="how">{html.escape(text)}</p>'


def _figure(chart: charts.Chart, *, first: bool = False) -> str:
    """A chart as HTML; the first one brings the code that draws them all."""
    figure = chart.figure.plotly().update_layout(template="plotly_white", width=None)
    drawn = figure.to_html(
        full_html=False,
        include_plotlyjs="inline" if first else False,
        config={"displaylogo": False, "responsive": True},
    )
    return f'<figure role="img" aria-label="{html.escape(chart.alt)}">{drawn}</figure>'


def as_html(table: pd.DataFrame) -> str:
    """``table`` as HTML, its cells escaped; whole numbers without, others with three digits."""
    told = table.copy()
    for name in table.select_dtypes("float"):
        known = table[name].dropna()
        if len(known) and (known % 1 == 0).all():
            told[name] = table[name].map(count)
    for name in table.select_dtypes(exclude=["number", "bool"]):
        told[name] = table[name].fillna(MISSING)
    return str(
        told.to_html(index=False, border=0, na_rep=MISSING, float_format=lambda x: f"{x:.3f}")
    )


def without_folders(recipe: str) -> str:
    """A recipe without the folders of the machine that it ran on: their last names are left."""
    return _FOLDERS.sub(r"\1…/\2\1", recipe)
