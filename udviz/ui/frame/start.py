"""Before there is a study to look at: explain, start the demo, show its progress."""

from pathlib import Path

import streamlit as st

from udviz.figures.style.text import safe_markdown
from udviz.launching.launch import Plan, is_begun, launch, resume
from udviz.recipe.files import read_recipe, recipe_path
from udviz.studies.listing import list_entries
from udviz.studies.status import ALIVE, Status, read_status
from udviz.ui.frame.access import may_change
from udviz.ui.frame.actions import attempt
from udviz.ui.load.study import RecipeError, StudyError, remake_command

DEMO = "demo"
RUNS = "pages/7_Runs.py"
_STOPPED = {"failed": "failed", "stopped": "was stopped", "lost": "ended unexpectedly"}


def welcome(root: Path) -> None:
    """Explain what a study is and offer to train the demo."""
    demo = root / DEMO
    status = read_status(demo)
    if alive := next((entry for entry in list_entries(root) if entry.is_alive), None):
        show_progress(alive.path)
        return
    st.header("No study yet", anchor=False)
    st.markdown(
        "A **study** trains three models on one image set: a calibrated *teacher*, a *baseline* "
        "student, and a student *distilled* from the teacher's uncertainty. It then measures, "
        "label by label, which are difficult, why, and whether distillation helped."
    )
    st.markdown(
        "The demo draws its own images, so nothing is downloaded. It takes about three minutes on "
        "two CPU cores, and this page shows the result when it is done."
    )
    if status and status.state in _STOPPED:
        _say_why_it_stopped(demo, status)
    why_not = may_change()
    st.button(
        "Train the demo study",
        type="primary",
        icon=":material/play_arrow:",
        on_click=attempt,
        args=(lambda: train_demo(demo),),
        kwargs={"done": "The demo is on its way."},
        disabled=why_not is not None,
    )
    if why_not:
        st.info(why_not, icon=":material/lock:")
    st.caption(f"The same in a terminal: `{remake_command(demo, recipe=DEMO)}`")
    st.caption(
        f"Studies are looked for in `{root}`; the variable `UDVIZ_RUNS` names another place."
    )


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
            query_params={"opened": path.name},
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
