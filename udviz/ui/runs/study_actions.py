"""What can be done with a study; what ends or removes something is asked for twice."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from udviz.figures.style.text import one_line, plural, safe_markdown
from udviz.launching.launch import resume, stop
from udviz.studies.directory import STUDY_FILE, study_path
from udviz.studies.listing import StudyEntry
from udviz.studies.trash import discard, discarded, empty, restore
from udviz.ui.frame.access import may_change
from udviz.ui.frame.actions import attempt
from udviz.ui.frame.sidebar import OVERVIEW
from udviz.ui.launch import form as launch_form

_CONFIRM = "_confirm"  # in the session: which question is open, and about which study
_ROWS_OF_TRASH = 20


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that is asked for twice.

    Attributes:
        text: The question, with the study's name as ``{name}``.
        button: What to press.
        action: Done then, with the folder of all studies and the study's name.
        done: What to say afterwards.
    """

    text: str
    button: str
    action: Callable[[Path, str], object]
    done: str


QUESTIONS = {
    "stop": Question(
        text="Stop {name}? It saves a checkpoint and ends within 30 seconds; otherwise it is "
        "killed, and continues from its last checkpoint when resumed.",
        button="Stop",
        action=lambda root, name: stop(study_path(root, name)),
        done="Stopping.",
    ),
    "withdraw": Question(
        text="Stop {name}? It has not started, so there is nothing to save: it leaves the queue.",
        button="Stop",
        action=lambda root, name: stop(study_path(root, name)),
        done="Stopping.",
    ),
    "delete": Question(
        text="Move {name} to the trash, with its models, predictions and analysis? It can be "
        "restored until the trash is emptied.",
        button="Move to trash",
        action=lambda root, name: discard(study_path(root, name)),
        done="Moved to the trash.",
    ),
    "empty": Question(
        text="Permanently delete everything in the trash? This cannot be undone.",
        button="Delete permanently",
        action=lambda root, _: empty(root),
        done="The trash is empty.",
    ),
}


def offer_actions(root: Path, entry: StudyEntry) -> None:
    """Buttons for the opened study; why there is nothing to press, if so."""
    why_not = may_change()
    if why_not:
        st.info(why_not, icon=":material/lock:")
    shut, name = why_not is not None, entry.name
    recipe = (entry.path / STUDY_FILE).absolute()
    with st.container(horizontal=True, vertical_alignment="center"):
        if (entry.path / "analysis").is_dir():
            st.page_link(
                OVERVIEW, label="Results", icon=":material/bar_chart:", query_params={"study": name}
            )
        if entry.is_alive:
            state = entry.status.state if entry.status else ""
            kind = "withdraw" if state == "queued" else "stop"
            stopping = state == "stopping"
            _ask_button(kind, "Stop", ":material/stop:", name, disabled=shut or stopping)
        elif entry.status is None or entry.status.state != "finished":
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                type="primary",
                on_click=attempt,
                args=(lambda: resume(study_path(root, name)),),
                kwargs={"done": f"{name} is resumed."},
                disabled=shut,
            )
        st.button(
            "New study from this one",
            icon=":material/content_copy:",
            on_click=launch_form.open_form,
            args=(str(recipe),),
            disabled=shut or not recipe.is_file(),
        )
        if not entry.is_alive:
            _ask_button("delete", "Delete", ":material/delete:", name, disabled=shut)
    ask_again(root)


def offer_trash(root: Path) -> None:
    """What is in the trash, to be restored or deleted permanently."""
    found, shut = discarded(root), may_change() is not None
    if not found:
        return
    with st.expander(f"Trash: {plural(len(found), 'study', 'studies')}", icon=":material/delete:"):
        for study in found[:_ROWS_OF_TRASH]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Restore",
                    key=f"restore.{study.key}",
                    icon=":material/undo:",
                    on_click=attempt,
                    args=(lambda study=study: restore(root, study),),
                    kwargs={"done": f"{study.name} is restored."},
                    disabled=shut,
                )
                st.markdown(safe_markdown(study.name))
        if len(found) > _ROWS_OF_TRASH:
            st.caption(f"and {plural(len(found) - _ROWS_OF_TRASH, 'older study', 'older studies')}")
        _ask_button("empty", "Empty the trash", ":material/delete_forever:", "", disabled=shut)


def ask_again(root: Path) -> None:
    """Draw the question that is open, if one is."""
    if _CONFIRM in st.session_state:
        kind, name = st.session_state[_CONFIRM]
        _dialog(root, QUESTIONS[kind], name)


def _ask_button(kind: str, label: str, icon: str, name: str, *, disabled: bool) -> None:
    st.button(label, icon=icon, on_click=_ask, args=(kind, name), disabled=disabled)


def _ask(kind: str, name: str) -> None:
    launch_form.close_form()
    st.session_state[_CONFIRM] = (kind, name)


def _close() -> None:
    st.session_state.pop(_CONFIRM, None)


@st.dialog("Are you sure?", on_dismiss=_close)
def _dialog(root: Path, question: Question, name: str) -> None:
    st.markdown(question.text.format(name=f"**{safe_markdown(one_line(name))}**"))
    with st.container(horizontal=True):
        if st.button(question.button, type="primary", key="confirm.yes"):
            _close()
            attempt(lambda: question.action(root, name), done=question.done)
            st.rerun()
        if st.button("Cancel", key="confirm.no"):
            _close()
            st.rerun()
