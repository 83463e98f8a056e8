"""Before there is a study to look at: explain, start the demo, show its progress."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from udviz.figures.style.text import safe_markdown
from udviz.installation import called, module_of
from udviz.launching.launch import Plan, as_typed, is_begun, launch, resume
from udviz.recipe.files import read_recipe, recipe_path
from udviz.studies.listing import list_entries
from udviz.studies.status import ALIVE, Status, read_status
from udviz.ui.frame.access import may_change
from udviz.ui.frame.actions import attempt
from udviz.ui.frame.sidebar import OPENED, RUNS
from udviz.ui.launch import compare_form
from udviz.ui.launch import form as launch_form
from udviz.ui.load.study import RecipeError, StudyError, remake_command

DEMO = "demo"  # recipe
_STOPPED = {"failed": "failed", "stopped": "was stopped", "lost": "ended unexpectedly"}


def welcome(root: Path) -> None:
    """Explain what a study is and offer the three ways to one, side by side."""
    demo = root / DEMO
    status = read_status(demo)
    if alive := next((entry for entry in list_entries(root) if entry.is_alive), None):
        show_progress(alive.path)
        return
    st.header("No study yet", anchor=False)
    st.markdown(
        "A **study** says, label by label, which labels of an image set are difficult, why, and "
        "whether a change helped: yours, or distillation from a teacher's uncertainty."
    )
    if status and status.state in _STOPPED:
        _say_why_it_stopped(demo, status)
    why_not = may_change()
    with st.grid(3, min_column_width=260) as grid:
        for way in _ways(demo):
            with grid.cell(), st.container(border=True):
                _offer(way, is_open=why_not is None)
    if why_not:
        st.info(why_not, icon=":material/lock:")
    st.caption(
        f"Studies are looked for in `{root}`; the variable `UDVIZ_RUNS` names another place."
    )


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One way to a first study: what it is, its button, and the same in a terminal."""

    title: str
    told: str
    button: str
    icon: str
    on_click: Callable[[], None]
    command: str


def _ways(demo: Path) -> tuple[_Way, ...]:
    def begin() -> None:
        attempt(lambda: train_demo(demo), done="The demo is on its way.")

    return (
        _Way(
            title="Look at the demo",
            told="It draws its own images, so nothing is downloaded, and trains a teacher and four "
            "students: four to five minutes on two CPU cores.",
            button="Train the demo study",
            icon=":material/play_arrow:",
            on_click=begin,
            command=remake_command(demo, recipe=DEMO),
        ),
        _Way(
            title=compare_form.LABEL,
            told="Scores of one or more models and the targets, as files. Nothing is trained: "
            "verdicts in seconds.",
            button="Choose files",
            icon=":material/compare_arrows:",
            on_click=compare_form.open_form,
            command=f"{called('compare')} before.npz after.npz --targets targets.csv",
        ),
        _Way(
            title="Train on my images",
            told="A folder of images and their labels, as a table or as VOC and COCO have them: a "
            "teacher and students are trained on it, best with a GPU.",
            button="Set up a study",
            icon=":material/photo_library:",
            on_click=partial(launch_form.open_form, launch_form.OWN),
            command=as_typed(
                [*module_of("study"), "--recipe", launch_form.OWN, "--data.root", "FOLDER"]
            ),
        ),
    )


def _offer(way: _Way, *, is_open: bool) -> None:
    st.subheader(way.title, anchor=False)
    st.markdown(way.told)
    st.button(
        way.button,
        type="primary",
        icon=way.icon,
        width="stretch",
        on_click=way.on_click,
        disabled=not is_open,
    )
    st.caption("The same in a terminal:")
    st.code(way.command, language="bash", wrap_lines=True)


def train_demo(study: Path) -> None:
    """Begin the demo study, or go on with it."""
    if is_begun(study):
        resume(study)
    else:
        launch(Plan(source=DEMO, recipe=read_recipe(recipe_path(DEMO))), study)


def explain(path: Path, error: StudyError) -> None:
    """Say why the study at ``path`` cannot be shown, or how far it is."""
    status = read_status(path)
    if status and status.state in ALIVE:
        show_progress(path)
        return
    st.header("This study cannot be shown yet", anchor=False)
    st.error(str(error), icon=":material/error:")
    if status and status.state in _STOPPED:
        _say_why_it_stopped(path, status)
    if isinstance(error, RecipeError):
        st.markdown("Start it again with the recipe it was trained from, in place of `RECIPE`:")
        command = remake_command(path, recipe="RECIPE")
    else:
        st.markdown("This command completes it; what is done already is skipped:")
        command = remake_command(path)
    st.code(command, language="bash", wrap_lines=True)
    if status:
        st.page_link(
            RUNS,
            label="Resume or delete it on the page Runs",
            icon=":material/play_arrow:",
            query_params={OPENED: path.name},
        )


def show_progress(path: Path) -> None:
    """Progress of the running study at ``path``, drawn again every second until it ends."""
    st.header(f"Training {safe_markdown(path.name)}", anchor=False)
    st.fragment(_progress, run_every=1.0)(path)
    st.caption("It runs on its own: you may close this page and come back.")


def _progress(path: Path) -> None:
    status = read_status(path)
    if status is None or status.state not in ALIVE:
        st.rerun()
    st.progress(min(max(status.fraction, 0.0), 1.0), text=safe_markdown(status.stage))
    facts = [f"{status.fraction:.0%} done", status.rate, time_left(status.seconds_left)]
    st.markdown(" · ".join(safe_markdown(fact) for fact in facts if fact))
    if status.message:
        st.caption(safe_markdown(status.message))


def time_left(seconds: float | None) -> str:
    """``seconds`` as a person would say them; empty when not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s left"
    return f"about {round(seconds / 60)} min left"


def _say_why_it_stopped(path: Path, status: Status) -> None:
    log = path / "log.txt"
    st.warning(
        f"The last training {_STOPPED[status.state]} during "
        f"*{safe_markdown(status.stage)}*: {safe_markdown(status.message)} "
        f"Its full output is in `{log}`.",
        icon=":material/warning:",
    )
