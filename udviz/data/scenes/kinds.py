"""The 20 labels of the drawn scenes, and why ten of them are hard.

A plain label has a colour or a pattern of its own. Hard labels share their colour with another
hard one, and unlabelled scraps come in every colour, so that colour alone gives none away.
"""

from dataclasses import dataclass, replace
from typing import Literal

from udviz.data.scenes.shapes import SCRAPS

Colour = tuple[int, int, int]
Cause = Literal["confused", "small", "rare", "low contrast", "occluded", "missing annotations"]

PURPLE, TEAL, PINK, BROWN = (120, 70, 175), (40, 150, 150), (240, 150, 180), (125, 75, 45)
BLACK, WHITE = (30, 30, 34), (246, 246, 242)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How the objects of one label look.

    Attributes:
        name: The label's name.
        outline: Name in ``scene_shapes.OUTLINES``.
        colour: RGB; None takes the background's own colour, a little lighter or darker.
        second_colour: RGB of every other stripe or check.
        pattern: How the two colours alternate.
        radius: Smallest and largest radius as a fraction of the image's side.
        spin: Largest turn either way, in radians.
        weight: How often it is picked; 1 is the usual frequency.
        cause: Why it is hard by construction; None for a plain label.
    """

    name: str
    outline: str
    colour: Colour | None
    second_colour: Colour = WHITE
    pattern: Literal["plain", "stripes", "checks"] = "plain"
    radius: tuple[float, float] = (0.105, 0.16)
    spin: float = 0.25
    weight: float = 1.0
    cause: Cause | None = None


KINDS: tuple[Kind, ...] = (
    Kind(name="red disc", outline="disc", colour=(214, 40, 40)),
    Kind(name="blue square", outline="square", colour=(40, 85, 225)),
    Kind(name="green triangle", outline="triangle", colour=(35, 165, 65), radius=(0.12, 0.175)),
    Kind(name="yellow star", outline="star", colour=(252, 216, 40), radius=(0.12, 0.175)),
    Kind(name="orange cross", outline="cross", colour=(247, 128, 20)),
    Kind(name="magenta ring", outline="ring", colour=(222, 30, 170)),
    Kind(name="white crescent", outline="crescent", colour=WHITE),
    Kind(name="black hourglass", outline="hourglass", colour=BLACK),
    Kind(name="striped disc", outline="disc", colour=BLACK, pattern="stripes"),
    Kind(name="checkered square", outline="square", colour=BLACK, pattern="checks"),
    Kind(name="purple hexagon", outline="hexagon", colour=PURPLE, spin=3.2, cause="confused"),
    Kind(name="purple octagon", outline="octagon", colour=PURPLE, spin=3.2, cause="confused"),
    Kind(name="teal ellipse", outline="ellipse", colour=TEAL, spin=3.2, cause="confused"),
    Kind(
        name="teal rounded rectangle",
        outline="rounded rectangle",
        colour=TEAL,
        spin=3.2,
        cause="confused",
    ),
    Kind(
        name="tiny bead",
        outline="disc",
        colour=(50, 215, 250),
        radius=(0.024, 0.034),
        cause="small",
    ),
    Kind(name="brown pentagon", outline="pentagon", colour=BROWN, weight=0.12, cause="rare"),
    Kind(name="faint diamond", outline="diamond", colour=None, cause="low contrast"),
    Kind(name="covered clover", outline="clover", colour=PINK, spin=3.2, cause="occluded"),
    Kind(
        name="pink heart",
        outline="heart",
        colour=PINK,
        radius=(0.06, 0.1),
        cause="missing annotations",
    ),
    Kind(
        name="brown drop",
        outline="drop",
        colour=BROWN,
        radius=(0.06, 0.1),
        cause="missing annotations",
    ),
)

PLANK = Kind(
    name="grey plank", outline="plank", colour=(128, 128, 126), radius=(0.16, 0.26), spin=3.2
)
"""The neutral thing that covers others; it is none of the labels."""

SCRAP_KINDS: tuple[Kind, ...] = tuple(
    replace(kind, name="scrap", outline=outline, radius=(0.08, 0.14), spin=3.2, cause=None)
    for kind in KINDS
    if kind.colour is not None and kind.cause != "small"
    for outline in SCRAPS
)
"""Irregular pieces in the labels' colours that lie on the background; none of the labels."""

COVERED_KINDS: tuple[Kind, ...] = tuple(
    Kind(name=f"{outline} flower", outline=outline, colour=PINK, spin=3.2)
    for outline in ("three-leaf", "five-leaf")
)
"""What lies under a plank like the occluded label does, and is none of the labels."""

LABEL_NAMES: tuple[str, ...] = tuple(kind.name for kind in KINDS)

BUILT_IN_CAUSES: dict[str, Cause] = {
    kind.name: kind.cause for kind in KINDS if kind.cause is not None
}
"""Why each hard label is hard by construction; plain labels are not in it."""
