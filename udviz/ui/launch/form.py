"""The sidebar's form for a new study, made from the recipe's schema."""

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
from udviz.ui.launch import look, students
from udviz.ui.launch import placement as placement_form
from udviz.ui.launch.field_names import place_of
from udviz.ui.launch.fields import ask_in_columns, recipe_fields

FIRST = {  # what a person thinks of first, and how it is called away from its heading
    "data.kind": "Kind of data",
    "data.root": "Data folder",
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
_NAME = "name"  # of the recipe; the study's counts
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
    source = _pick_source()
    try:
        recipe, before = read_recipe(recipe_path(source)), _placement_of(source)
    except (OSError, ValueError) as error:
        st.error(safe_markdown(str(error)), icon=":material/error:")
        return
    root = runs_root()
    name = st.text_input(
        "Study name",
        _free_name(root, source),
        key=f"new.{source}:{_NAME}",
        help=f"Its folder in `{root}` has the same name.",
    ).strip()
    prefix = f"new.{source}:"
    values = _ask_all(recipe, prefix=prefix) | {_NAME: name}
    where = placement_form.ask_where(before, prefix=f"new.{source}:")
    try:
        study = study_path(root, name)
        wanted = parse_recipe(nested(values), source="This")
        plan = Plan(source=source, recipe=wanted, placement=parse_placement(where))
        _check_folder(plan.recipe)
        check_recipe(plan.recipe)
        _check_place(plan)
    except ValueError as error:
        for line in _faults(error):
            st.error(safe_markdown(line), icon=":material/error:")
        return
    st.caption(placement_form.what_runs(plan.placement))
    st.code(plan.typed(study), language="bash", wrap_lines=True)
    look.offer(plan.recipe.data)
    if st.button("Start", type="primary", icon=":material/play_arrow:", key="new.start"):
        _start(plan, study)


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


def _pick_source() -> str:
    """Recipe to start from: those that come with the program, and those of the studies here."""
    studies = list_studies(runs_root().absolute())
    own = {str(path / STUDY_FILE): path.name for path in studies}
    options = [*sorted(path.stem for path in RECIPES.glob("*.toml")), *own]
    asked = st.session_state[_OPEN]
    picked = st.selectbox(
        "Start from",
        options,
        index=options.index(asked if asked in options else DEFAULT),
        format_func=lambda source: f"study {own[source]}" if source in own else source,
        key=f"new.source.{asked}",
        help="A recipe, or the settings of an existing study.",
    )
    return str(picked)


def _free_name(root: Path, source: str) -> str:
    stem = Path(source).parent.name if source.endswith(".toml") else source
    taken = {path.name for path in root.iterdir()} if root.is_dir() else set()
    names = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _ask_all(recipe: Recipe, *, prefix: str) -> dict[str, Any]:
    """Ask for every field: the first ones in sight, then the students, the rest by section."""
    values = dict(leaves(recipe))
    fields = {field.name: field for field in recipe_fields() if field.name != _NAME}
    first = [fields[name] for name in FIRST]
    entered = ask_in_columns(first, values, n_columns=3, prefix=prefix, labels=FIRST)
    entered |= students.ask_students(recipe, prefix=prefix)
    for section in dict.fromkeys(field.section for field in fields.values()):
        rest = [f for f in fields.values() if f.section == section and f.name not in FIRST]
        with st.expander(section):
            entered |= ask_in_columns(rest, values, n_columns=2, prefix=prefix)
    gone = [name for name in recipe.students if f"{STUDENTS}.{name}.method" not in entered]
    entered[COMPARISONS] = comparisons_without(gone, entered[COMPARISONS])
    return entered


def _faults(error: ValueError) -> list[str]:
    """A line per fault; the heading of several is left out."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [_in_words(line) for line in lines if line.startswith("--")]
    return told or [" ".join(lines)]


def _in_words(line: str) -> str:
    """A fault of a flag as one of a field of the form."""
    flag, _, fault = line.removeprefix("--").partition(": ")
    return f"{place_of(flag)}: {fault}"


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
    st.rerun()
