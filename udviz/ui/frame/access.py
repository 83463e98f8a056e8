"""Who may start, stop and delete runs or mark labels: whoever sits at this machine, or knows more.

Starting a run is running code. An app that others can reach shows everything and changes nothing,
unless a password is set or Streamlit's own login is.
"""

import hmac
import ipaddress
import os
import time

import streamlit as st

PASSWORD = "UDVIZ_PASSWORD"  # environment variable, or entry of .streamlit/secrets.toml
_GIVEN = "_password_given"
_TYPED = "password"
_WRONG_SECONDS = 1.0  # a guess costs this much

_CLOSED = (
    "This app can be reached from other machines (`server.address` is {address}), so nobody may "
    f"start, stop, delete or mark anything here. Set a password in the variable `{PASSWORD}` or in "
    "`.streamlit/secrets.toml` and start the app again, or bind it to `localhost`."
)
_LOCKED = (
    "This app can be reached from other machines, so starting, stopping, deleting and marking need "
    "the password. Type it in the sidebar."
)


def may_change() -> str | None:
    """Why this visitor may not start, stop, delete or mark anything; None if they may."""
    if is_loopback(st.get_option("server.address")) or is_logged_in():
        return None
    password = _password()
    if not password:
        return _CLOSED.format(address=f"`{st.get_option('server.address') or 'not set'}`")
    return None if st.session_state.get(_GIVEN) else _LOCKED


def ask_password() -> None:
    """Let the visitor type the password in the sidebar, where one is needed."""
    if may_change() == _LOCKED:
        st.sidebar.text_input(
            "Password, to start or change runs", type="password", key=_TYPED, on_change=_check
        )


def is_loopback(address: str | None) -> bool:
    """Whether only this machine can reach a server bound to ``address``; None binds to all."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


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
    if hmac.compare_digest(typed.encode(), password.encode()):
        st.session_state[_GIVEN] = True
    else:
        time.sleep(_WRONG_SECONDS)
        st.toast("That is not the password.", icon=":material/lock:")
