"""Who may start, stop and delete studies or mark labels: whoever started the app, or knows more.

Starting a study is running code. Everybody else whom the gate lets in sees everything and changes
nothing, unless they know the password or came in by Streamlit's own login. A password that is set
counts everywhere, on `localhost` too.
"""

import hmac
import os

import streamlit as st

from udviz.ui.frame.guesses import GUESSES
from udviz.ui.server.gate import OWNER, VISITOR

PASSWORD = "UDVIZ_PASSWORD"  # environment variable, or entry of .streamlit/secrets.toml
_GIVEN = "_password_given"
_TYPED = "password"

_CLOSED = (
    "Only the person who started this app may start, stop, delete or mark anything: the same "
    "account on the same machine, at `localhost`, with no proxy between. For everybody else, set a "
    f"password in the variable `{PASSWORD}` or in `.streamlit/secrets.toml` and start it again "
    "(`streamlit run app.py`)."
)
_LOCKED = (
    "Starting, stopping, deleting and marking need the password of this app. Type it in the "
    "sidebar."
)


def may_change() -> str | None:
    """Why this visitor may not start, stop, delete or mark anything; None if they may."""
    if is_logged_in():
        return None
    if _password():
        return None if st.session_state.get(_GIVEN) else _LOCKED
    return None if is_owner() else _CLOSED


def ask_password() -> None:
    """Let the visitor type the password in the sidebar, where one is needed."""
    if may_change() == _LOCKED:
        st.sidebar.text_input(
            "Password, to start or change studies", type="password", key=_TYPED, on_change=_check
        )


def is_owner() -> bool:
    """Whether the gate knows the visitor as the person who started the app."""
    return hmac.compare_digest(st.context.headers.get(VISITOR, "").encode(), OWNER.encode())


def is_logged_in() -> bool:
    """Whether the visitor came in by Streamlit's own login."""
    return bool(st.user.get("is_logged_in", False))


def _password() -> str:
    """The password that is set; empty if there is none."""
    if os.environ.get(PASSWORD):
        return os.environ[PASSWORD]
    if not st.secrets.load_if_toml_exists():
        return ""
    return str(st.secrets.get(PASSWORD, ""))


def _check() -> None:
    typed, password = st.session_state.pop(_TYPED), _password()
    is_right = hmac.compare_digest(typed.encode(), password.encode())
    why_not = GUESSES.attempt(is_right, st.context.ip_address or "this machine")
    if why_not is None:
        st.session_state[_GIVEN] = True
    else:
        st.toast(why_not, icon=":material/lock:")
