"""What a new study will take, said before it is started."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from udviz.figures.style.text import plural
from udviz.launching.cost import Cost, Speed, cost_of, device_of, largest_backbone, speed_here
from udviz.launching.launch import Plan
from udviz.launching.limits import this_machine
from udviz.processes import usable_cores

_EITHER_WAY = 2.0  # factor by which a guess of the speed may be wrong


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
    device, backbone = device_of(plan.recipe), largest_backbone(plan.recipe)
    speed = _speed(root, backbone, device)
    n_devices = plan.placement.processes * plan.placement.machines if device == "cuda" else 1
    seconds = cost.operations / speed.operations / n_devices
    what = plural(n_devices, "GPU") if device == "cuda" else plural(usable_cores(), "CPU core")
    if speed.is_alike:
        return f"**about {_spelt(seconds)}** on {what}, as fast as {backbone} was here before."
    low, high = _spelt(seconds / _EITHER_WAY), _spelt(seconds * _EITHER_WAY)
    return f"**roughly {low} to {high}** on {what}, {_basis(speed)}."


@st.cache_data(ttl=60, show_spinner=False)  # seconds; every letter that is typed asks again
def _speed(root: Path, backbone: str, device: str) -> Speed:
    return speed_here(root, backbone, device)


def _basis(speed: Speed) -> str:
    if speed.runs:
        return f"by {plural(speed.runs, 'run')} of other networks here"
    return "by the operations of its networks; no run here tells how fast this machine is"


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
