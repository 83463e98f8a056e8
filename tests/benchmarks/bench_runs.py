"""How fast the page of runs is where 200 of them are listed.

Run with ``python -m tests.benchmarks.bench_runs`` (half a minute). One run works, so that the page
looks again every other second; the others are over. Measured as in ``bench_pages``; the interaction
is a click on another row, until its run is drawn.
"""

import os
import tempfile
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.bench_pages import Case, measure
from tests.browser.conftest import SCREEN, serve, start_chromium
from udviz.processes import usable_cores
from udviz.studies.events import append_event
from udviz.studies.status import Status, write_status

N_RUNS, N_EPOCHS, N_LABELS = 200, 30, 80
ROW_PX = 35


def draw_run(study: Path, state: str) -> None:
    """A study with the event log of one model."""
    teacher = study / "teacher"
    teacher.mkdir(parents=True)
    (study / "study.toml").write_text(f'name = "{study.name}"\n')
    for directory in (study, teacher):
        write_status(directory, Status(state=state, stage="Teacher", fraction=0.5))
    for epoch in range(N_EPOCHS):
        for step in (20, 40):
            losses = {"bce": 2.0 / (epoch + 1), "cal": 1.0 / step}
            place = {"event": "step", "epoch": epoch, "step": step}
            append_event(teacher / "events.jsonl", place | {"losses": losses})
        scores = {"validation_map": 0.5, "label_precision": [0.5] * N_LABELS}
        place = {"event": "epoch", "epoch": epoch + 1, "step": 0}
        append_event(teacher / "events.jsonl", place | scores)


def click_row(page: Page, n: int) -> None:
    """Open the run of another row of the table."""
    table = page.locator("[data-testid=stDataFrame]").bounding_box()
    opened = page.locator("h2").first.inner_text()
    page.mouse.click(table["x"] + 15, table["y"] + ROW_PX * (n + 2.5))
    page.wait_for_function("opened => document.querySelector('h2').innerText != opened", arg=opened)


def main() -> None:
    """Print what a visit and a click take."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "runs"
        for number in range(N_RUNS):
            draw_run(root / f"run-{number:03d}", "running" if number == 7 else "finished")
        browser = start_chromium(playwright)
        person = browser.new_context(**SCREEN)
        for base in serve(root):
            case = Case(name="Runs", address="Runs?opened=run-007", act=click_row)
            row = {"runs listed": N_RUNS, **measure(case, base, person)}
        print(pd.DataFrame([row]).round(2).to_string(index=False))
        print(f"load of the last minute on {usable_cores()} cores: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
