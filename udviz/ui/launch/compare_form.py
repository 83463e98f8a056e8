"""The sidebar's form for predictions that a person has already: paths in, a study out."""

import shlex
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import streamlit as st

from udviz.comparing.asked import Asked, name_of
from udviz.figures.style.text import safe_markdown
from udviz.installation import called
from udviz.predictions.brought.reading import FORMATS, files_of
from udviz.recipe.brought import BroughtStudy
from udviz.roots import check_readable
from udviz.studies.directory import runs_root, study_path
from udviz.studies.failure import reason
from udviz.ui.frame.access import may_change
from udviz.ui.frame.actions import say
from udviz.ui.frame.sidebar import OVERVIEW
from udviz.ui.launch import form as launch_form
from udviz.vocabulary import SCALES

LABEL = "Compare predictions"
_OPEN = "_comparing"
_FEWEST_ROWS = 2  # of models; one more whenever the last is filled


@dataclass(frozen=True, kw_only=True)
class _Row:
    """What was typed about one model: its name and its files, a seed each."""

    name: str
    test: tuple[Path, ...]
    val: tuple[Path, ...]


def offer() -> None:
    """A button in the sidebar that opens the form; it stays open when the page is drawn again."""
    why_not = may_change()
    st.sidebar.button(
        LABEL,
        icon=":material/compare_arrows:",
        width="stretch",
        on_click=open_form,
        disabled=why_not is not None,
        help=why_not,
    )
    if launch_form.is_open():
        _close()
    if _OPEN in st.session_state and why_not is None:
        _dialog()


def open_form() -> None:
    """Open the form."""
    launch_form.close_form()
    st.session_state[_OPEN] = True


def _close() -> None:
    st.session_state.pop(_OPEN, None)


@st.dialog(LABEL, width="large", on_dismiss=_close)
def _dialog() -> None:
    st.caption(
        "Paths of files on the machine that runs this app: scores and targets, one row per image, "
        f"one column per label ({', '.join(FORMATS)}, or a folder of `datasets`). Several files of "
        "one model, its seeds, are separated by commas. Nothing is trained."
    )
    asked, name = _ask()
    if asked is None:
        return
    try:
        study = study_path(runs_root(), name)
    except ValueError as error:
        st.error(safe_markdown(str(error)), icon=":material/error:")
        return
    command = f"{called('compare')} {shlex.join(asked.arguments(study))}"
    st.caption("This is what will run; the same works in a terminal.")
    st.code(command, language="bash", wrap_lines=True)
    if st.button("Compare", type="primary", icon=":material/play_arrow:", key="compare.start"):
        _start(asked, study, command)


def _ask() -> tuple[Asked | None, str]:
    """What was typed: what is to be compared, None until it is enough, and the study's name."""
    targets = st.text_input("Targets", key="compare.targets", placeholder="targets.csv").strip()
    has_val = st.toggle(
        "With a validation split",
        key="compare.val",
        help="Thresholds and recalibration are chosen on it.",
    )
    val_targets = ""
    if has_val:
        val_targets = st.text_input("Validation targets", key="compare.val-targets").strip()
    images = st.text_input(
        "Folder of the images (optional)",
        key="compare.images",
        help="The pages then show the images; their names are the ids of the targets.",
    ).strip()
    metadata = st.text_input(
        "Table of metadata (optional)",
        key="compare.metadata",
        help="Image ids and columns such as site, camera or annotator, whose values are compared.",
    ).strip()
    rows = _ask_models(has_val=has_val)
    names = [row.name for row in rows]
    with st.container(horizontal=True):
        name = st.text_input(
            "Study name",
            placeholder="-".join(names)[:100],
            key="compare.name",
            help=f"Its folder in `{runs_root()}` has the same name.",
        ).strip()
        scores = st.selectbox(
            "Scores are", SCALES, index=None, placeholder="recognised", key="compare.scores"
        )
    if len(set(names)) < len(names):
        st.error("Give every model its own name.", icon=":material/error:")
        return None, name
    if not (rows and targets):
        return None, name
    asked = Asked(
        models={row.name: row.test for row in rows},
        targets=_path(targets),
        val_models={row.name: row.val for row in rows if row.val},
        val_targets=_path(val_targets) if val_targets else None,
        images=_path(images) if images else None,
        metadata=_path(metadata) if metadata else None,
        scores=scores,
    )
    return asked, name or "-".join(names)[:100]


def _ask_models(*, has_val: bool) -> list[_Row]:
    """A row per model: the first is what the others are compared with."""
    rows: list[_Row] = []
    for place in count():
        row = _ask_model(place, has_val=has_val)
        if row is not None:
            rows.append(row)
        elif place >= _FEWEST_ROWS - 1:
            return rows
    raise AssertionError("a row that is empty ends the loop")


def _ask_model(place: int, *, has_val: bool) -> _Row | None:
    what = ("Before", "After")[place] if place < _FEWEST_ROWS else "Another model"
    with st.container(horizontal=True, key=f"compare-row-{place}"):
        test = _paths(st.text_input(f"{what}: scores", key=f"compare.{place}.test"))
        val: tuple[Path, ...] = ()
        if has_val:
            val = _paths(st.text_input("Validation scores", key=f"compare.{place}.val"))
        usual = name_of(test[0]) if test else ""
        name = st.text_input("Name", placeholder=usual, key=f"compare.{place}.name").strip()
    return _Row(name=name or usual, test=test, val=val) if test else None


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(_path(part) for part in text.split(",") if part.strip())


def _path(text: str) -> Path:
    return Path(text.strip()).expanduser()


def _start(asked: Asked, study: Path, command: str) -> None:
    """Compare, and open the study when it is there."""
    from udviz.comparing.files import compare_files  # the whole analysis: not for every page

    if why_not := may_change():
        st.error(why_not, icon=":material/lock:")
        return
    bar = st.progress(0.0, text="Reading the files")

    def advance(share: float, message: str) -> None:
        bar.progress(min(share, 1.0), safe_markdown(message))

    try:
        _check_places(asked)
        made = compare_files(asked, study, command=command, advance=advance)
    except (OSError, RuntimeError, ValueError) as error:
        bar.empty()
        st.error(safe_markdown(" ".join(reason(error).split())), icon=":material/error:")
        return
    _close()
    say(_what_was_made(made))
    st.switch_page(OVERVIEW, query_params={"study": study.name})


def _check_places(asked: Asked) -> None:
    """Raise unless every file lies where data may be read.

    Raises:
        ValueError: Calls the file by its flag.
    """
    models = {"--model": asked.models, "--val-model": asked.val_models}
    for flag, of_models in models.items():
        for file in (file for files in of_models.values() for file in files):
            _check_place(file, flag=flag)
    for flag, targets in {"--targets": asked.targets, "--val-targets": asked.val_targets}.items():
        if targets is not None:
            _check_place(targets, flag=flag)
    for flag, place in {"--images": asked.images, "--metadata": asked.metadata}.items():
        if place is not None:
            check_readable(place, flag=flag)


def _check_place(path: Path, *, flag: str) -> None:
    check_readable(path, flag=flag)
    for file in files_of(path):
        check_readable(file, flag=flag)


def _what_was_made(study: BroughtStudy) -> str:
    told = f"{study.name} is ready."
    return f"{told} The page Data says what was noted about its files." if study.notes else told
