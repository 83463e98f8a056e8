"""What a new study will take, said before it is started."""

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import streamlit as st

from udviz.figures.style.text import plural
from udviz.launching.launch import Plan
from udviz.launching.resources.cost import (
    Cost,
    Speed,
    cost_of,
    device_of,
    seconds_of,
    speeds_here,
)
from udviz.launching.resources.lanes import lanes_of
from udviz.launching.resources.limits import this_machine


def show(plan: Plan, images: Mapping[str, int] | None, root: Path) -> None:
    """Draw time, memory and disk of a plan.

    Args:
        plan: The study.
        images: Images per split; None while they are not known.
        root: Folder of all studies.
    """
    st.markdown("**What it will take**")
    if images is None:
        st.caption("Known as soon as the images are counted.")
        return
    cost = cost_of(plan.recipe, images)
    if cost is None:
        st.caption("Not known for backbones of timm.")
        return
    st.markdown(f"{plural(cost.networks, 'network')} to train: {_time(plan, cost, root)}")
    on_gpu = plan.placement.on == "local" and device_of(plan.recipe) == "cuda"
    where = "GPU memory" if on_gpu else "memory"
    st.caption(f"About {_gb(cost.memory)} of {where} and {_gb(cost.disk)} of disk.")
    if plan.placement.on == "local":
        _warn(cost, root, on_gpu=on_gpu)


def _time(plan: Plan, cost: Cost, root: Path) -> str:
    if plan.placement.on != "local":
        return "how long depends on the cluster's machines."
    device = device_of(plan.recipe)
    units = plan.placement.processes * plan.placement.machines
    if device == "cpu":
        machine = this_machine(root)
        units = lanes_of(plan.recipe, machine).cores(machine)
    speeds = _speeds(root, tuple(cost.operations), device)
    low, high = map(_spelt, seconds_of(cost, speeds, units=units))
    what = plural(units, "GPU" if device == "cuda" else "CPU core")
    return f"**{low} to {high}** on {what}, {_basis(speeds.values())}."


@st.cache_data(ttl=60, show_spinner=False)  # seconds; every letter that is typed asks again
def _speeds(root: Path, backbones: tuple[str, ...], device: str) -> dict[str, Speed]:
    return speeds_here(root, backbones, device)


def _basis(speeds: Collection[Speed]) -> str:
    if not all(speed.runs for speed in speeds):
        return "a guess: no run here tells how fast this machine is"
    if not all(speed.is_alike for speed in speeds):
        return "going by other networks that were trained here"
    return "as slow and as fast as these networks were trained here before"


def _warn(cost: Cost, root: Path, *, on_gpu: bool) -> None:
    machine, there = this_machine(root), next(p for p in (root, *root.parents) if p.exists())
    if not on_gpu and cost.memory > machine.memory:
        st.warning(
            f"This machine has {_gb(machine.memory)} of memory. A smaller batch, image or network "
            "takes less.",
            icon=":material/memory:",
        )
    if cost.disk > (free := shutil.disk_usage(there).free):
        st.warning(f"{_gb(free)} of disk are free.", icon=":material/hard_drive:")


def _gb(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB"


def _spelt(seconds: float) -> str:
    """A duration as a person says it, in the largest unit that leaves two or more of it."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"
