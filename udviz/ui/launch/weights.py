"""What the networks of a new study start from: weights that are here are proposed."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import streamlit as st

from udviz.figures.style.text import safe_markdown
from udviz.recipe.backbones import backbone_facts
from udviz.recipe.networks import NetworkConfig
from udviz.recipe.pretrained import IMAGENET, is_downloaded, weights_here
from udviz.recipe.schema import Recipe
from udviz.roots import check_readable, data_root

_FOLDER = "weights"  # beside the data, or in their folder
_WHO = {"teacher": "The teacher", "student": "The students"}


def advise(recipe: Recipe, *, prefix: str) -> None:
    """Say where the networks start, warn of random weights, and offer those that are here.

    Args:
        recipe: What the form holds.
        prefix: Of the widgets' keys.
    """
    if recipe.data.kind == "scenes":
        return
    st.markdown("**Initial weights**")
    here = weights_here(_folders(recipe))
    for part in ("teacher", "student"):
        is_trained = part == "student" or (recipe.has_teacher and not recipe.teacher.from_)
        if is_trained:
            _advise(part, getattr(recipe, part), here, prefix=prefix)


def _advise(part: str, network: NetworkConfig, here: Mapping[str, str], *, prefix: str) -> None:
    name, who = safe_markdown(network.backbone), _WHO[part]
    is_random = network.weights == "none"
    if not is_random and (network.weights != IMAGENET or is_downloaded(network.backbone)):
        st.caption(f":material/check: {who}: {name} with weights that are on this machine.")
        return
    if is_random:
        st.warning(
            f"{who} ({name}) would start from random weights. With a few thousand photos, a "
            "network that starts from ImageNet is far better.",
            icon=":material/casino:",
        )
    else:
        st.info(
            f"{who}: the ImageNet weights of {name} are not on this machine. The study downloads "
            "them once; without a network it stops.",
            icon=":material/download:",
        )
    if proposed := _proposed(part, network.backbone, here):
        st.button(
            f"Use {proposed}, whose ImageNet weights are here",
            key=f"{prefix}{part}:weights-here",
            on_click=_take,
            args=(f"{prefix}{part}.", proposed, here[proposed]),
        )


def _proposed(part: str, backbone: str, here: Mapping[str, str]) -> str | None:
    """The same backbone, else the largest for a teacher and the smallest for students."""
    if backbone in here:
        return backbone
    by_size = sorted(here, key=lambda name: backbone_facts()[name].operations)
    return by_size[-1 if part == "teacher" else 0] if by_size else None


def _take(prefix: str, backbone: str, weights: str) -> None:
    st.session_state[f"{prefix}backbone"] = backbone
    st.session_state[f"{prefix}weights"] = weights


def _folders(recipe: Recipe) -> Iterator[Path]:
    """Folders of weights that may be read."""
    root = recipe.data.folder
    for folder in dict.fromkeys((root, root.parent, *filter(None, [data_root()]))):
        try:
            check_readable(folder / _FOLDER, flag="--teacher.weights")
        except ValueError:
            continue
        yield folder / _FOLDER
