"""What a page says in the place of something that a study does not hold."""

from collections.abc import Iterable

import streamlit as st

from udviz.ui.study import Study, remake_command


def explain(study: Study, problems: Iterable[str]) -> None:
    """Say what is missing and which command makes it; nothing where nothing is missing.

    Args:
        study: Study that lacks it.
        problems: One sentence per problem, as Markdown; repeated ones are said once.
    """
    said = list(dict.fromkeys(problems))
    if said:
        st.info(" ".join([*said, "This command completes it; what is done is skipped:"]))
        st.code(remake_command(study.path), language="bash", wrap_lines=True)
