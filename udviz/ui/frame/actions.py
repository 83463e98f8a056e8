"""What a person does to studies: whatever goes wrong is said in a sentence on the next drawing."""

from collections.abc import Callable

import streamlit as st

from udviz.figures.style.text import safe_markdown
from udviz.studies.failure import reason
from udviz.ui.frame.access import may_change

_REFUSED = "_refused"
_DONE = "_done"


def attempt(action: Callable[[], object], *, done: str) -> None:
    """Do ``action`` if the visitor may, and remember how it went.

    Args:
        action: May raise OSError, RuntimeError or ValueError with a sentence for a person.
        done: What to say if it went well.
    """
    why_not = may_change()
    if why_not is not None:
        st.session_state[_REFUSED] = why_not
        return
    try:
        action()
    except (OSError, RuntimeError, ValueError) as error:
        st.session_state[_REFUSED] = safe_markdown(reason(error))
    else:
        say(done)


def say(done: str) -> None:
    """Have the next drawing say what was done."""
    st.session_state[_DONE] = done


def report() -> None:
    """Say how the last action went, once."""
    if refused := st.session_state.pop(_REFUSED, None):
        st.error(refused, icon=":material/error:")
    if done := st.session_state.pop(_DONE, None):
        st.toast(safe_markdown(done), icon=":material/check:")
