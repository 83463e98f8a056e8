"""What every page asks first: which study, which split, which label; kept in the URL."""

import html
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from udviz.figures.style.text import one_line
from udviz.figures.style.theme import MOST_MODELS, coloured
from udviz.installation import PAGES
from udviz.ui.frame.view import View
from udviz.ui.load.study import Study

OVERVIEW, RUNS = "overview.py", "pages/7_Runs.py"
LABEL, IMAGE, COMPARISON, DRAWN = "label", "image", "comparison", "models"
OPENED = "opened"  # study of the page Runs, in the URL and in the session; others have their own
_JUST_OPENED = "_just_opened"


def show_menu() -> None:
    """Links to every page. Streamlit's own menu would call the first one *overview*."""
    st.sidebar.page_link(OVERVIEW, label="Overview")
    for file in sorted(PAGES.glob("*.py")):
        name = file.stem.partition("_")[2].replace("_", " ")
        st.sidebar.page_link(f"pages/{file.name}", label=name)
    st.sidebar.divider()


def pick(label: str, options: Sequence[str], *, key: str, default: str | None) -> str | None:
    """The user's choice, the same on every page and in a copied link.

    The URL wins when it changed (a link was followed), the widget otherwise. Unlike a widget bound
    to the URL, the choice stays in it even when it is the default: what is newest or first today
    may not be tomorrow.

    Args:
        label: Name of the picker.
        options: What there is to choose from.
        key: Name in the URL and in the session.
        default: Choice of a first visit; None lets the user choose nothing.
    """
    asked = st.query_params.get(key)
    kept = f"_{key}"  # outlives the widget, which is forgotten when the page changes
    last = st.session_state.get(kept)
    wanted = asked if asked in options and asked != last else st.session_state.get(key, last)
    st.session_state[key] = wanted if wanted in options else default
    if asked is not None and asked not in options and asked != last:  # not one just deleted
        st.sidebar.warning(
            f"The link asks for a {label.lower()} that is not here.", icon=":material/link_off:"
        )
    choice: str | None = st.sidebar.selectbox(
        label,
        options,
        index=None if default is None else 0,
        format_func=one_line,
        key=key,
        placeholder="None",
    )
    st.session_state[kept] = choice
    keep_in_link(key, choice, last=last)
    return choice


def keep_in_link(
    key: str, choice: str | Sequence[str] | None, *, last: str | Sequence[str] | None
) -> None:
    """Have the URL say what is chosen; nothing is sent where it does already.

    Every write sends the whole query as the server knows it. Sent without need, it may overtake a
    click on a widget that is bound to the URL, and take that choice out of it again. A choice that
    is new is always sent: a link from a page to itself tells it to the server, not to the URL.

    Args:
        key: Name in the URL.
        choice: What is chosen.
        last: What was, when this session was asked before.
    """
    wanted = [choice] if isinstance(choice, str) else choice
    if not choice:
        st.query_params.pop(key, None)
    elif choice != last or st.query_params.get_all(key) != wanted:
        st.query_params[key] = choice


def pick_study(studies: Sequence[Path]) -> Path:
    """Directory of the chosen study; the newest on a first visit."""
    by_name = {path.name: path for path in studies}
    names = list(by_name)
    return by_name[pick("Study", names, key="study", default=names[0]) or names[0]]


def pick_split(study: Study) -> str:
    """The chosen split; the test split on a first visit, if there is one."""
    return pick("Split", study.splits, key="split", default=study.splits[0]) or study.splits[0]


def pick_comparison(study: Study, *, ask: bool) -> tuple[str, str] | None:
    """Models before and after of the chosen comparison, the first one on a first visit.

    Args:
        study: The study.
        ask: Whether this page lets a person choose; else it shows what another page asked.
    """
    pairs = {f"{before} → {after}": (before, after) for before, after in study.pairs}
    names = list(pairs)
    if len(names) < 2:
        return next(iter(pairs.values()), None)
    if ask:
        chosen = pick("Comparison", names, key=COMPARISON, default=names[0])
    else:
        last = st.session_state.get(f"_{COMPARISON}")
        chosen = st.query_params.get(COMPARISON, last)
        keep_in_link(COMPARISON, chosen, last=last)
    return pairs.get(chosen or names[0], pairs[names[0]])


def pick_drawn(names: Sequence[str]) -> Sequence[str]:
    """The models that pictures overlay; asks, and keeps it in the URL, where there are many."""
    if len(names) <= MOST_MODELS:
        return names
    asked = [name for name in st.query_params.get_all(DRAWN) if name in names]
    kept, key = f"_{DRAWN}", f"{DRAWN}-picker"  # the first outlives the widget
    last = st.session_state.get(kept, [])
    wanted = asked if asked and asked != last else st.session_state.get(key, last)
    known = [name for name in wanted if name in names][:MOST_MODELS]
    st.session_state[key] = known or list(names[:MOST_MODELS])
    chosen: list[str] = st.sidebar.multiselect(
        f"Models in the charts (up to {MOST_MODELS} of {len(names)})",
        names,
        format_func=one_line,
        max_selections=MOST_MODELS,
        key=key,
    )
    st.session_state[kept] = chosen
    keep_in_link(DRAWN, chosen, last=last)
    return chosen or names[:MOST_MODELS]


def pick_label(names: Sequence[str]) -> str | None:
    """The opened label, or None."""
    return pick("Label", names, key=LABEL, default=None)


def open_label(name: str | None) -> None:
    """Open a label from a callback, before the picker is drawn again; None closes it."""
    st.session_state[LABEL] = name
    st.session_state[_JUST_OPENED] = name is not None


def draw_apart(draw: Callable[[], None], *, opened: str | None) -> None:
    """Draw a page below its pickers, and at a click on it only this part anew.

    Args:
        draw: Draws the part; ``opened`` is all that it takes from the pickers and may change.
        opened: The opened label. A click that opens another has the whole page drawn anew.
    """

    def part() -> None:
        if st.session_state.get(LABEL) != opened:
            st.rerun()
        draw()

    st.fragment(part)()


def just_opened() -> bool:
    """Whether a click opened a label since this was last asked."""
    return bool(st.session_state.pop(_JUST_OPENED, False))


def show_models(view: View) -> None:
    """Say how each model is drawn."""
    made = dict(zip(view.models["model"], view.models["description"], strict=True))
    lines = [
        f'<div title="{html.escape(one_line(made[name]))}">{coloured(style)}</div>'
        for name, style in view.drawn.items()
    ]
    st.sidebar.caption("Models")
    st.sidebar.html("".join(lines))
