"""The sidebar's form for a new study, made from the recipe's schema."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from udviz.figures.style.text import safe_markdown
from udviz.launching.flags import COMPARISONS, STUDENTS, leaves, nested
from udviz.launching.launch import Plan, launch, plan_of
from udviz.launching.launcher import launcher_for
from udviz.launching.placement import HERE, Placement, parse_placement
from udviz.recipe.files import RECIPES, parse_recipe, read_recipe, recipe_path
from udviz.recipe.schema import Recipe
from udviz.recipe.students import comparisons_without
from udviz.roots import check_recipe
from udviz.studies.directory import STUDY_FILE, list_studies, runs_root, study_path
from udviz.studies.failure import reason
from udviz.ui.frame.access import ask_password, may_change
from udviz.ui.frame.sidebar import OPENED, RUNS
from udviz.ui.launch import estimate, folder, look, students, weights
from udviz.ui.launch import placement as placement_form
from udviz.ui.launch.field_names import SECTIONS, in_form, place_of
from udviz.ui.launch.fields import ask_in_columns, fields_of_kind, recipe_fields

FIRST = {  # what a person thinks of first, and how it is called away from its heading
    "seeds": "Seeds",
    "teacher.epochs": "Epochs of the teacher",
    "student.epochs": "Epochs of the students",
}
FOLDERS = {  # what the data folder must hold, by kind of data
    "table": "Enter the folder that holds {labels} and {images}/.",
    "voc": "Enter the folder of the VOC data, which holds Annotations/ and JPEGImages/.",
    "coco": "Enter the folder that holds {train_annotations} and {train_images}/.",
    "imagefolder": "Enter the folder that holds the images, in a folder per split.",
    "nuswide": "Enter the folder that holds ImageList/, Groundtruth/ and {images}/.",
    "openimages": "Enter the folder that holds the CSV files of Open Images and {images}/.",
}
DEFAULT = "demo"
OWN = "table"  # what a study of one's own images starts from
_KIND = "data.kind"
_NAME = "name"  # of the recipe; the study's counts
_NOT_IN_NAMES, _LONGEST_NAME = re.compile(r"[^\w.-]+"), 60
_OPEN = "_new_study"  # in the session: what the open form starts from


def offer() -> None:
    """A button in the sidebar that opens the form; it stays open when the page is drawn again."""
    why_not = may_change()
    ask_password()
    st.sidebar.button(
        "New study",
        icon=":material/add:",
        width="stretch",
        on_click=open_form,
        disabled=why_not is not None,
        help=why_not,
    )
    if is_open() and why_not is None:
        _dialog()


def open_form(source: str = DEFAULT) -> None:
    """Open the form with the settings of ``source``, a recipe's name or a study's recipe file."""
    students.forget()
    st.session_state[_OPEN] = source


def is_open() -> bool:
    """Whether the form is open."""
    return _OPEN in st.session_state


def close_form() -> None:
    """Close it."""
    st.session_state.pop(_OPEN, None)


@st.dialog("New study", width="large", on_dismiss=close_form)
def _dialog() -> None:
    if why_not := may_change():  # it may have changed while the form was open
        st.error(why_not, icon=":material/lock:")
        return
    asked = st.session_state[_OPEN]
    typed = folder.ask_folder(_root_of(asked), key=f"new.{asked}:{folder.ROOT}")
    form, beside = st.columns([3, 2], gap="large")
    with form:
        filled = _fill_in(asked, typed)
    if filled is None:
        return
    plan, study, prefix = filled
    with beside, st.container(border=True):
        images = look.show(plan.recipe.data)
        weights.advise(plan.recipe, prefix=prefix)
        estimate.show(plan, images, study.parent)
    st.caption(placement_form.what_runs(plan.placement))
    st.code(plan.typed(study), language="bash", wrap_lines=True)
    is_refused = look.is_refused(plan.recipe.data)
    if st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        key="new.start",
        disabled=is_refused,
        help="These data cannot be read, as is told above." if is_refused else None,
    ):
        _start(plan, study)


def _fill_in(asked: str, typed: str) -> tuple[Plan, Path, str] | None:
    """Ask for all else; the plan, its folder and the prefix of the keys, None with a fault.

    Args:
        asked: Recipe that the form was opened with.
        typed: Place of the images, as it was typed.
    """
    is_own = bool(typed) and asked == DEFAULT
    source = _pick_source(OWN if is_own else asked)
    root, prefix = runs_root(), f"new.{source}:"
    name = st.text_input(
        "Study name",
        _free_name(root, source, typed),
        key=f"{prefix}{_NAME}{typed}",
        help=f"Its folder in `{root}` has the same name.",
    ).strip()
    try:
        recipe, before = read_recipe(recipe_path(source)), _placement_of(source)
        place = {folder.ROOT: recipe.data.root}
        if typed and typed != recipe.data.root:  # else the recipe says what is there
            place = folder.settings_there(typed)
        values = _ask_all(recipe, place, prefix=prefix) | {_NAME: name}
        where = placement_form.ask_where(before, prefix=prefix)
        study = study_path(root, name)
        wanted = parse_recipe(nested(values), source="This")
        plan = Plan(source=source, recipe=wanted, placement=parse_placement(where))
        _check_folder(plan.recipe)
        check_recipe(plan.recipe)
        _check_place(plan)
    except (OSError, ValueError) as error:
        for line in _faults(error):
            st.error(safe_markdown(line), icon=":material/error:")
        return None
    return plan, study, prefix


def _root_of(source: str) -> str:
    """Place of the images of a study's recipe; empty for a recipe that came along."""
    try:
        is_study = Path(source).name == STUDY_FILE
        return read_recipe(Path(source)).data.root if is_study else ""
    except (OSError, ValueError):
        return ""  # what is wrong with it is told below


def _placement_of(source: str) -> Placement:
    """Where the study ran whose recipe ``source`` is; here for a recipe that came along."""
    file = Path(source)
    return plan_of(file.parent).placement if file.name == STUDY_FILE else HERE


def _check_folder(recipe: Recipe) -> None:
    if recipe.data.kind in FOLDERS and not recipe.data.root:
        raise ValueError(FOLDERS[recipe.data.kind].format(**recipe.data.model_dump()))


def _check_place(plan: Plan) -> None:
    why_not = launcher_for(plan.placement).refusal(plan.placement, plan.recipe.hardware.device)
    if why_not:
        raise ValueError(why_not)


def _pick_source(asked: str) -> str:
    """Recipe to start from: those that come with the program, and those of the studies here.

    Args:
        asked: What is picked at first.
    """
    studies = list_studies(runs_root().absolute())
    own = {str(path / STUDY_FILE): path.name for path in studies}
    options = [*sorted(path.stem for path in RECIPES.glob("*.toml")), *own]
    picked = st.selectbox(
        "Start from",
        options,
        index=options.index(asked if asked in options else DEFAULT),
        format_func=lambda source: f"study {own[source]}" if source in own else source,
        key=f"new.source.{asked}",
        help="A recipe, or the settings of an existing study.",
    )
    return str(picked)


def _free_name(root: Path, source: str, typed: str) -> str:
    """A name that no study has: after the folder of the images, else after the recipe."""
    recipe = Path(source).parent.name if source.endswith(".toml") else source
    place = Path(typed).parent if Path(typed).suffix else Path(typed)
    stem = _NOT_IN_NAMES.sub("-", place.name).strip("-_.")[:_LONGEST_NAME] or recipe
    taken = {path.name for path in root.iterdir()} if root.is_dir() else set()
    names = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _ask_all(recipe: Recipe, place: Mapping[str, Any], *, prefix: str) -> dict[str, Any]:
    """Ask for every field: the first ones in sight, then the students, the rest by section.

    Fields of other kinds of data than the chosen one keep what they are.

    Args:
        recipe: What they hold at first.
        place: The same of the data where they are known otherwise, by dotted name; its root is
            asked for elsewhere. Another place has fields of its own.
        prefix: Of the widgets' keys.
    """
    values = {**dict(leaves(recipe)), **place}
    fields = {f.name: f for f in recipe_fields() if f.name not in (_NAME, folder.ROOT)}
    first = [fields[name] for name in FIRST]
    entered = {folder.ROOT: place[folder.ROOT]}
    entered |= ask_in_columns(first, values, n_columns=3, prefix=prefix, labels=FIRST)
    entered |= students.ask_students(recipe, prefix=prefix)
    for section in dict.fromkeys(field.section for field in fields.values()):
        rest = [f for f in fields.values() if f.section == section and f.name not in FIRST]
        is_data, own = section == SECTIONS["data"], prefix
        if is_data and len(place) > 1:
            own = f"{prefix}{place[folder.ROOT]}:{place['data.kind']}:"
        if is_data:
            entered |= {field.name: values[field.name] for field in rest}
            rest = fields_of_kind(rest, st.session_state.get(f"{own}{_KIND}", values[_KIND]))
        with st.expander(section):
            entered |= ask_in_columns(rest, values, n_columns=2, prefix=own)
    gone = [name for name in recipe.students if f"{STUDENTS}.{name}.method" not in entered]
    entered[COMPARISONS] = comparisons_without(gone, entered[COMPARISONS])
    return entered


def _faults(error: Exception) -> list[str]:
    """A line per fault; the heading of several is left out."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [_in_words(line) for line in lines if line.startswith("--")]
    return told or [" ".join(lines)]


def _in_words(line: str) -> str:
    """A fault of a flag as one of a field of the form."""
    flag, _, fault = line.removeprefix("--").partition(": ")
    return f"{place_of(flag)}: {in_form(fault)}"


def _start(plan: Plan, study: Path) -> None:
    if why_not := may_change():
        st.error(why_not, icon=":material/lock:")
        return
    try:
        launch(plan, study)
    except (OSError, RuntimeError) as error:
        st.error(safe_markdown(reason(error)), icon=":material/error:")
        return
    close_form()
    st.switch_page(RUNS, query_params={OPENED: study.name})
