"""The part of the form about the students: each with its method, more of them, fewer of them."""

from typing import Any

import streamlit as st

from udviz.figures.style.text import one_line, safe_markdown
from udviz.launching.flags import leaves
from udviz.recipe.schema import Recipe
from udviz.recipe.students import StudentConfig, check_student_name
from udviz.ui.launch.field_names import METHODS
from udviz.ui.launch.fields import STUDENTS, ask, ask_in_columns, student_fields

_NEW = StudentConfig()


def forget() -> None:
    """Let the next form begin with the students of its recipe."""
    for key in [k for k in st.session_state if str(k).endswith(f":{STUDENTS}")]:
        del st.session_state[key]


def ask_students(recipe: Recipe, *, prefix: str) -> dict[str, Any]:
    """Ask for every student's settings; a student can be added or removed.

    Args:
        recipe: Its students are there at first.
        prefix: Of the widgets' keys.

    Returns:
        Values by dotted name, to be checked by the schema. What a method does not read stays out.
    """
    key = f"{prefix}{STUDENTS}"
    names: list[str] = st.session_state.setdefault(key, list(recipe.students))
    st.markdown("**Students**")
    entered: dict[str, Any] = {}
    for name in names:
        entered |= _ask_student(name, recipe.students.get(name, _NEW), key=key)
    _offer_more(key)
    return entered


def _ask_student(name: str, student: StudentConfig, *, key: str) -> dict[str, Any]:
    start = f"{STUDENTS}.{name}."
    values = dict(leaves(student, start))
    method = st.session_state.get(f"{key}:{start}method", student.method)
    loss = st.session_state.get(f"{key}:{start}loss", student.loss)
    read, network = student_fields(name, method=method, loss=loss)
    with st.expander(f"{safe_markdown(one_line(name))}: {METHODS[method]}"):
        method_field, *settings = read
        entered = {method_field.name: ask(method_field, method, key=f"{key}:{method_field.name}")}
        entered |= ask_in_columns(settings, values, n_columns=3, prefix=f"{key}:")
        own = bool(student.overrides)
        if st.toggle("Override shared settings", own, key=f"{key}:{start}own"):
            entered |= ask_in_columns(network, values, n_columns=3, prefix=f"{key}:")
        st.button(
            "Remove this student",
            key=f"{key}:{start}remove",
            icon=":material/delete:",
            on_click=_remove,
            args=(key, name),
        )
    return {field: value for field, value in entered.items() if value is not None}


def _offer_more(key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Another student",
            key=f"{key}:name",
            placeholder="name",
            width=230,
            help="Trained on the same data and seeds, and compared with the first student.",
        )
        st.button("Add", key=f"{key}:add", icon=":material/add:", on_click=_add, args=(key,))
    if trouble := st.session_state.pop(f"{key}:trouble", None):
        st.error(safe_markdown(trouble), icon=":material/error:")


def _add(key: str) -> None:
    name = st.session_state[f"{key}:name"].strip()
    names = st.session_state[key]
    try:
        check_student_name(name)
    except ValueError as error:
        st.session_state[f"{key}:trouble"] = str(error)
        return
    if name.lower() in map(str.lower, names):
        st.session_state[f"{key}:trouble"] = f"There is a student called {name} already."
        return
    st.session_state[key] = [*names, name]
    st.session_state[f"{key}:name"] = ""


def _remove(key: str, name: str) -> None:
    st.session_state[key] = [other for other in st.session_state[key] if other != name]
