"""What was understood of the data of a new study, beside the form."""

from collections.abc import Mapping
from concurrent.futures import TimeoutError as StillReading
from typing import Any

import streamlit as st

from udviz.figures.style.text import plural, safe_markdown
from udviz.recipe.data import DataConfig
from udviz.studies.failure import reason
from udviz.ui.launch.field_names import in_form, place_of
from udviz.ui.launch.folder import told
from udviz.ui.launch.reading import Reading, readings

PATIENCE = 0.5  # seconds in which a small data set is read before the form is drawn
_SPLITS = {"train": "Training", "val": "Validation", "test": "Test"}
_MOST = 6  # of guesses, problems and rare labels that are told
_RAREST, _FEW = 5, 10


def show(data: DataConfig) -> Mapping[str, int] | None:
    """Draw what was understood; images per split, None while they are not known."""
    st.markdown("**What was understood**")
    if data.kind == "scenes":
        st.caption("This study draws its own images; nothing is read.")
        return {"train": data.n_train, "val": data.n_val, "test": data.n_test}
    st.caption(told(data))
    reading = readings().of(data)
    try:
        facts = reading.facts.result(timeout=PATIENCE)
    except StillReading:
        st.fragment(_wait, run_every=1.0)(reading)
        return None
    except (OSError, RuntimeError, ValueError) as error:
        why = in_form(" ".join(reason(error).split()))
        st.error(safe_markdown(why), icon=":material/error:")
        return None
    _show_facts(facts)
    images: Mapping[str, int] = facts["splits"]
    return images


def is_refused(data: DataConfig) -> bool:
    """Whether the data were read and cannot be used, as `show` says."""
    if data.kind == "scenes":
        return False
    facts = readings().of(data).facts
    return facts.done() and facts.exception() is not None


def _wait(reading: Reading) -> None:
    if reading.facts.done():
        st.rerun()
    st.caption(
        f":material/hourglass_empty: Reading the data for {reading.seconds:.0f} s. "
        "The form can be filled in meanwhile."
    )


def _show_facts(facts: Mapping[str, Any]) -> None:
    st.markdown(f"{plural(facts['images'], 'image')}, {plural(len(facts['labels']), 'label')}")
    splits = [f"{_SPLITS[split]} {n:,}" for split, n in facts["splits"].items()]
    st.markdown(" · ".join(splits))
    present = {name: counts["present"] for name, counts in facts["labels"].items()}
    rarest = sorted(present, key=lambda name: present[name])[:_RAREST]
    told = ", ".join(f"{safe_markdown(name)} {present[name]:,}" for name in rarest)
    few = sum(n < _FEW for n in present.values())
    st.caption(
        f"Rarest labels, by images: {told}."
        + (f" {plural(few, 'label')} with fewer than {_FEW} images." if few else "")
    )
    guesses = [
        f"{safe_markdown(guess['what'])} (else *{place_of(guess['flag'].removeprefix('--'))}*)"
        for guess in facts["guesses"]
    ]
    if guesses:
        st.caption(f"Taken for granted:\n\n{_list(guesses)}")
    problems = [
        f"{safe_markdown(problem['kind'])}: {problem['count']:,} "
        f"({safe_markdown(', '.join(problem['examples']))})"
        for problem in facts["problems"]
    ]
    if problems:
        st.warning(_list(problems), icon=":material/report:")


def _list(lines: list[str]) -> str:
    """The first of ``lines`` as a list, and how many more there are."""
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return "\n".join(f"- {line}" for line in [*lines[:_MOST], *more])
