"""How fast the pages are, and what the server holds, at the sizes of the budget.

Run with ``python -m tests.benchmarks.bench_pages`` (a quarter of an hour; 4 GB in ``TMPDIR``).
Draws a study of 40,504 images and 80 labels with prediction caches, images and a real analysis, and
the tables of one of 1,000,000 images and 600 labels. ``--models 8`` has eight models in the first,
``--models 1`` one, whose predictions were brought; the second is then left out. A headless Chromium
then opens every page four times (*first paint*: from the address to the last chart drawn, median of
the visits after the first) and does one thing on it (*interaction*: from the click or key to the
last change within the page, median of five, by the page's own clock: the driver's waits are not in
it, but a chart that is drawn after the script has ended is). The app has no named rival, so these
are times, not ratios: compare them on one machine only.
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import tomli_w
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.benchmarks.scale_analysis import GAPS, ROLES, draw_cache
from tests.browser.conftest import SCREEN, STANDS_STILL, serve, start_chromium
from tests.pages.synthetic import names_of, write_study
from udviz.analysis.engines.local import LocalEngine
from udviz.analysis.jobs import run_jobs
from udviz.analysis.plan import Plan
from udviz.analysis.split_predictions import SplitPredictions
from udviz.analysis.store import write_analysis
from udviz.analysis.tables.all_jobs import analysis_jobs, join_tables
from udviz.analysis.tables.contents import contents
from udviz.data.dataset import Dataset
from udviz.data.images.decoded import DecodedImages
from udviz.recipe.brought import BroughtStudy
from udviz.recipe.schema import Recipe
from udviz.stats.difficulty.causes import LabelFacts
from udviz.studies.directory import decoded_root

N_IMAGES, N_LABELS, SIDE_PX = 40_504, 80, 64
VISITS, ACTS = 4, 5
QUIET_MS = 700  # without a change: what a click set off is drawn
# When a person last acted, and when the page last changed.
WATCH = """
const seen = window.seen = {acted: 0, changed: 0};
const act = event => {
    if (event.isTrusted) Object.assign(seen, {acted: performance.now(), changed: 0});
};
for (const kind of ['click', 'keydown']) addEventListener(kind, act, true);
new MutationObserver(changes => changes.forEach(({target}) => {
    if (target.closest?.('[data-testid=stMain]')) seen.changed = performance.now();
})).observe(document, {subtree: true, childList: true, attributeFilter: ['d', 'transform']});
"""
RESTS = "[data-testid=stApp][data-test-script-state=notRunning]"
DRAWN = f"""() => seen.changed && document.querySelector('{RESTS}')
    && performance.now() - seen.changed > {QUIET_MS}"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A page to open and a thing to do on it.

    Attributes:
        name: As the page is called.
        address: Path and query.
        act: Does the thing, the ``n``-th time; None where there is nothing to do.
    """

    name: str
    address: str
    act: Callable[[Page, int], None] | None


def press(role: str, *names: str) -> Callable[[Page, int], None]:
    """Press buttons or options in turn."""

    def act(page: Page, n: int) -> None:
        page.get_by_role(role, name=names[n % len(names)], exact=True).first.click()

    return act


def type_name(page: Page, n: int) -> None:
    """Filter by name."""
    page.get_by_label("Name contains").fill(str(n + 1))
    page.get_by_label("Name contains").press("Enter")


def move_threshold(page: Page, n: int) -> None:
    """Move the slider by one step."""
    page.get_by_role("slider").first.press("ArrowRight")


LARGE = [
    Case(name="Overview", address="?study=large", act=None),
    Case(name="Difficulty", address="Difficulty?study=large", act=type_name),
    Case(
        name="Reliability",
        address="Reliability?study=large",
        act=press("radio", "equal mass", "equal width"),
    ),
    Case(name="Gains", address="Gains?study=large", act=press("button", "hurt")),
    Case(name="Label", address="Label?study=large&label=label+7", act=move_threshold),
    Case(
        name="Attention",
        address="Attention?study=large&label=label+7",
        act=press("button", "Next image"),
    ),
    Case(name="Data, labels", address="Data?study=large", act=type_name),
    Case(
        name="Data, errors",
        address="Data?study=large&part=annotation+errors",
        act=press("button", "extra label"),
    ),
    Case(name="Runs", address="Runs?study=large", act=None),
]
NEEDS_MORE = ("Gains", "Attention", "Runs")  # than one model that was brought
HUGE = [
    Case(name="Overview", address="?study=huge", act=None),
    Case(name="Difficulty", address="Difficulty?study=huge", act=type_name),
]


def draw_large(study: Path, models: Sequence[str] = ROLES) -> None:
    """A study whose every page has something to show; without attention maps."""
    study.mkdir(parents=True)
    plan = write_record(study, models)
    splits = []
    for split, n_images in (("val", N_IMAGES // 2), ("test", N_IMAGES)):
        directories = {}
        for role in models:
            run = "teacher" if role == "teacher" and len(models) > 1 else f"{role}-0"
            directory = study / run / "predictions" / split
            draw_cache(directory, n_images=n_images, n_labels=N_LABELS, role=role, split=split)
            directories[role] = {0: directory}
        splits.append(SplitPredictions.open(split, directories))
    train_positives = np.full(N_LABELS, 1000)
    jobs = analysis_jobs(plan, *splits, train_positives)
    found = run_jobs(jobs, engine=LocalEngine(2), advance=lambda share, what: None)
    dataset = dataset_of(splits[1])
    tables = join_tables(
        plan, found | contents(dataset), LabelFacts(train_positives=train_positives)
    )
    write_analysis(study, tables, inputs={})
    images = DecodedImages(dataset, side_px=SIDE_PX, directory=decoded_root(study))
    for index in range(N_IMAGES):
        images[index]


def write_record(study: Path, models: Sequence[str]) -> Plan:
    """The ``study.toml`` of a teacher and its students, or of one model that was brought."""
    if len(models) == 1:
        source = {"file": "drawn", "sha256": ""}
        brought = {models[0]: {"scale": "logits", "test": [source], "val": [source]}}
        record = {"name": "large", "targets": source, "val_targets": source, "brought": brought}
        plan = Plan.of_brought(BroughtStudy.model_validate(record))
    else:
        _, first, *others = models
        taught = {name: {"method": "ud"} for name in others}
        record = {"name": "large", "data": {"kind": "scenes", "side_px": SIDE_PX}, "seeds": [0]}
        record["students"] = {first: {"method": "none"}} | taught
        record["comparisons"] = [f"{first}:{name}" for name in others]
        plan = Plan.of(Recipe.model_validate(record))
    (study / "study.toml").write_text(tomli_w.dumps(record), encoding="utf-8")
    return plan


def dataset_of(test: SplitPredictions) -> Dataset:
    """Images of noise with the targets that were drawn."""
    targets = np.asarray(test.targets)
    return Dataset(
        name="drawn",
        label_names=test.label_names,
        image_ids=tuple(map(str, range(N_IMAGES))),
        splits=np.full(N_IMAGES, "test"),
        targets=targets,
        difficult=np.zeros(targets.shape, dtype=bool),
        load=lambda index: np.random.default_rng(index).integers(
            0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8
        ),
        fingerprint="drawn",
    )


def settle(page: Page) -> None:
    page.wait_for_function(STANDS_STILL, arg=0)


def seconds_of(call: Callable[[], None], page: Page) -> float:
    started = time.perf_counter()
    call()
    settle(page)
    return time.perf_counter() - started


def measure(case: Case, base: str, person: BrowserContext) -> dict[str, float]:
    """First visit, later visits and interactions of one page, in seconds."""
    page = person.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(WATCH)

    def open_page() -> None:
        page.goto(base + case.address)
        page.locator("[data-testid=stHeading]").first.wait_for()

    paints = [seconds_of(open_page, page) for _ in range(VISITS)]
    acts = []
    for n in range(ACTS if case.act else 0):
        case.act(page, n)
        page.wait_for_function(DRAWN)
        acts.append(page.evaluate("(seen.changed - seen.acted) / 1000"))
    page.close()
    return {
        "first visit, s": paints[0],
        "first paint, s": statistics.median(paints[1:]),
        "interaction, s": statistics.median(acts) if acts else float("nan"),
    }


def server_mib() -> float:
    """Private memory of the servers that this process started, MiB."""
    total = 0
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "streamlit" in child.cmdline():
                memory = child.memory_info()
                total += memory.rss - memory.shared
    return total / 2**20


def main() -> None:
    """Print one row per page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, choices=range(1, len(GAPS) + 1), default=len(ROLES))
    models = list(GAPS)[: parser.parse_args().models]
    large = [case for case in LARGE if len(models) > 1 or case.name not in NEEDS_MORE]
    sizes = [(f"{N_IMAGES:,} x {N_LABELS}", large), ("1,000,000 x 600", HUGE)]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "runs"
        draw_large(root / "large", models)
        write_study(root / "huge", names=names_of(600))
        browser = start_chromium(playwright)
        person = browser.new_context(**SCREEN)
        rows = []
        for size, cases in sizes[: 2 if len(models) == len(ROLES) else 1]:
            for base in serve(root):
                start_mib = server_mib()
                for case in cases:
                    row = {"study": size, "page": case.name, **measure(case, base, person)}
                    rows.append(row | {"server, MiB above start": server_mib() - start_mib})
                    print(rows[-1], flush=True)
        print(pd.DataFrame(rows).round(2).to_string(index=False))


if __name__ == "__main__":
    main()
