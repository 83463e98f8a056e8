"""What the Attention page shows of one image: maps of the models, their agreement, the objects."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.overlay import Scale, colour_bar, outline, overlay
from udviz.figures.text import count, number, one_line, safe_markdown
from udviz.figures.theme import MAP_SCALE, ROLES, between
from udviz.objects import GRID
from udviz.stats.agreement import map_agreement, map_difference
from udviz.stats.grids import from_zero
from udviz.stats.localisation import localise
from udviz.ui import images, tables
from udviz.ui.caches import Version, maps_of, predictions_of
from udviz.ui.study import StudyError
from udviz.ui.subject import Subject, objects_of

N_OTHERS = 100  # images that an agreement is compared with
FEW_IMAGES = 5_000  # of a split: a data set of which is read at once
_TARGETS = {1: "present", 0: "absent", -1: "unknown"}
HOW_TO_READ = (
    "Bright cells are where the evidence lies that makes the two branches of a model disagree. "
    "All maps share one scale, so their colours can be compared; the difference has its own. "
)
NEARLY_UNIFORM = (
    "**Beware:** this study weighs channels by a softmax of very small gradients, which is almost "
    "the same weight for each. Such a map is nearly the plain mean of all features: it says where "
    "features fire, and little of uncertainty. Compare it with the uniform control below before "
    "you read anything into it."
)
HOW_TO_READ_AGREEMENT = (
    "Correlation of the two maps over their cells: 1 is the same picture, 0 unrelated. Shared "
    "energy: what both maps, taken as shares of their sums, have in common; 1 is all. The other "
    "images tell what any two maps have in common: here this image's map of the first model is "
    "held against maps of the second model on other images."
)
HOW_TO_READ_OBJECTS = (
    "Hit: whether the highest point of the map lies on the object. Energy inside: share of the "
    "map that lies on it. A map that knows nothing of the image scores like the last two rows."
)


def targets_table(subject: Subject) -> pd.DataFrame:
    """Every label with its target in this image and each model's probability.

    Labels that the image carries come first, then the most probable ones.
    """
    run = subject.run
    columns: dict[str, object] = {
        "Label": list(run.label_names),
        "Target": [_TARGETS[int(target)] for target in run.targets[subject.place]],
    }
    for role, version in subject.versions.items():
        columns[ROLES[role].word] = predictions_of(version).image_probs(subject.place)
    if run.disagreement is not None:
        columns["Disagreement, nats"] = np.asarray(run.disagreement[subject.place])
    table = pd.DataFrame(columns)
    first = ROLES[next(iter(subject.versions))].word
    order = pd.DataFrame({"carried": table["Target"] == "present", "prob": table[first]})
    return table.loc[order.sort_values(["carried", "prob"], ascending=False).index]


def draw_targets(subject: Subject, *, opened: str | None) -> None:
    """Draw `targets_table`; a click on a row opens its label."""
    table = targets_table(subject)
    tables.draw_rows(
        table,
        table["Label"].tolist(),
        opened=opened,
        key="targets",
        alt=f"Labels of image {one_line(subject.image_id)} with each model's probability",
        formats={name: st.column_config.NumberColumn(format="%.3f") for name in table.columns[2:]},
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Canvas:
    """What maps are drawn on.

    Attributes:
        picture: (H, W, 3) uint8, with the outline of the label's objects where they are known.
        mask: (GRID, GRID) bool, True on those objects; None where none is known.
        opacity: Of maps, in [0, 1].
    """

    picture: np.ndarray
    mask: np.ndarray | None
    opacity: float


def pick_canvas(subject: Subject) -> Canvas:
    """Ask how to draw maps, kept in the URL; explain what of the image cannot be read."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        opacity = st.slider(
            "Opacity of the maps",
            *(0.0, 1.0, 0.6, 0.05),
            key="opacity",
            bind="query-params",
            width=270,
        )
        wants_objects = st.toggle(
            "Outline the objects of the label",
            value=len(subject.run.images) <= FEW_IMAGES,
            key="objects",
            bind="query-params",
            help="Reads the data set once, which takes a while for a large one.",
        )
    try:
        picture = images.picture(subject.source, subject.row)
    except StudyError as error:
        st.warning(safe_markdown(str(error)), icon=":material/broken_image:")
        picture = np.full((images.PICTURE_PX, images.PICTURE_PX, 3), 127, dtype=np.uint8)
    mask = None
    if wants_objects:
        picture, mask = _with_objects(subject, picture)
    return Canvas(picture=picture, mask=mask, opacity=opacity)


def _with_objects(subject: Subject, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        outlined = objects_of(subject, *picture.shape[:2])
        mask = objects_of(subject, GRID, GRID)
    except StudyError as error:
        st.warning(safe_markdown(str(error)), icon=":material/warning:")
        return picture, None
    if outlined is None or mask is None:
        st.caption(f"No object of {safe_markdown(subject.label)} is known in this image.")
        return picture, None
    return outline(picture, outlined), mask


def show_maps(subject: Subject, canvas: Canvas) -> None:
    """The maps of all models, how alike they are, and whether they point at the object."""
    if not subject.maps:
        st.info(
            "None of these models has a calibration branch, so there is no uncertainty attention. "
            "What speaks for a label is shown below all the same."
        )
        show_picture("Image", canvas.picture, alt=f"Image {one_line(subject.image_id)}")
        return
    draw_maps(subject, canvas.picture, opacity=canvas.opacity)
    weights = subject.study.setting("distill.channel_weights") or "softmax"
    st.caption(HOW_TO_READ + (NEARLY_UNIFORM if weights == "softmax" else f"Weights: {weights}."))
    with st.grid(2, min_column_width=400) as grid:
        with grid.cell():
            draw_agreement(subject)
        if canvas.mask is not None:
            with grid.cell():
                draw_objects(subject, canvas.mask)


def draw_maps(subject: Subject, picture: np.ndarray, *, opacity: float) -> None:
    """Draw the image, the map of every model on one scale, and the difference of two."""
    maps = subject.maps
    low, high = min(m.min() for m in maps.values()), max(m.max() for m in maps.values())
    unit = "uncertainty attention, in units of the normalised features"
    scale = Scale(colours=MAP_SCALE, low=float(low), high=float(high), unit=unit)
    with st.grid("auto", min_column_width=230) as grid:
        with grid.cell():
            show_picture("Image", picture, alt=f"Image {one_line(subject.image_id)}")
        for role, values in maps.items():
            with grid.cell():
                word = ROLES[role].word
                drawn = overlay(picture, values, scale, opacity=opacity)
                show_picture(name_of(role), drawn, alt=alt_map(word, values))
                st.html(colour_bar(scale))
        if len(maps) > 1:
            with grid.cell():
                _draw_difference(maps, picture, opacity)


def _draw_difference(maps: dict[str, np.ndarray], picture: np.ndarray, opacity: float) -> None:
    first, second = next(iter(maps)), next(reversed(maps))
    difference = map_difference(maps[first], maps[second])
    most = float(np.abs(difference).max())
    words = ROLES[first].word, ROLES[second].word
    scale = Scale(
        colours=between(ROLES[second], ROLES[first]),
        low=-most,
        high=most,
        unit=f"{words[0].lower()} − {words[1].lower()}: left, the {words[1].lower()}'s is higher",
    )
    drawn = overlay(picture, difference, scale, opacity=opacity)
    show_picture(
        "Difference", drawn, alt=alt_map(f"{words[0]} minus {words[1].lower()}", difference)
    )
    st.html(colour_bar(scale))


def draw_agreement(subject: Subject) -> None:
    """How alike the teacher's map is to the others', against what it is to maps of other images."""
    roles = list(subject.maps)
    if len(roles) < 2:
        st.info(
            "Only one of these models has uncertainty attention, so there is nothing to agree "
            "with: a baseline, and a student distilled by `kd`, have no calibration branch."
        )
        return
    rows = [
        agreement_row(subject.versions[roles[0]], subject.versions[role], subject.place)
        | {"Maps of": f"{ROLES[roles[0]].word} and {ROLES[role].word.lower()}"}
        for role in roles[1:]
    ]
    st.table(pd.DataFrame(rows).set_index("Maps of"), border="horizontal")
    st.caption(HOW_TO_READ_AGREEMENT)


def agreement_row(first: Version, second: Version, place: int) -> dict[str, str]:
    """Agreement of two models on one image, and of the same map with those of other images."""
    one, other = maps_of(first), maps_of(second)
    n_images = len(one)
    elsewhere = [(place + step) % n_images for step in range(1, min(N_OTHERS + 1, n_images))]
    own = map_agreement(one[[place]], other[[place]])
    level = map_agreement(one[[place] * len(elsewhere)], other[elsewhere])
    below = int((level.correlation < own.correlation[0]).sum())
    return {
        "Correlation": number(own.correlation[0], digits=2),
        "On other images": number(_mean(level.correlation), digits=2),
        "Higher than": f"{count(below)} of {count(len(elsewhere))} other images",
        "Shared energy": number(own.overlap[0], digits=2),
        "Shared on other images": number(_mean(level.overlap), digits=2),
    }


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def draw_objects(subject: Subject, mask: np.ndarray) -> None:
    """Whether each model's map points at the object; with the levels of uninformed maps."""
    maps = {name_of(role): from_zero(values[None])[0] for role, values in subject.maps.items()}
    st.table(objects_table(maps, mask), border="horizontal")
    st.caption(HOW_TO_READ_OBJECTS)


def objects_table(maps: dict[str, np.ndarray], mask: np.ndarray) -> pd.DataFrame:
    """Hit and energy inside a mask, of maps by name and of maps that know nothing of the image.

    Args:
        maps: (h, w) each; what is negative counts as zero.
        mask: (GRID, GRID) bool.
    """
    scores = {name: localise(values[None], mask[None]) for name, values in maps.items()}
    rows = [(name, score.hit[0], score.energy[0]) for name, score in scores.items()]
    levels = localise(np.ones((1, 1, 1)), mask[None])
    rows.append(("Uniform map", levels.area[0], levels.area[0]))
    rows.append(("Centre of the image", levels.hit_centre[0], levels.energy_centre[0]))
    return pd.DataFrame(
        {
            "Map": [name for name, _, _ in rows],
            "Hit": [number(hit, digits=2) for _, hit, _ in rows],
            "Energy inside": [number(energy, digits=2) for _, _, energy in rows],
        }
    ).set_index("Map")


def name_of(role: str) -> str:
    """Glyph and word of a role."""
    return f"{ROLES[role].glyph} {ROLES[role].word}"


def show_picture(title: str, picture: np.ndarray, *, alt: str) -> None:
    """Draw an (H, W, 3) uint8 picture below its title."""
    st.markdown(f"**{title}**")
    st.image(picture, alt=alt, width="stretch", output_format="JPEG")


def alt_map(name: str, values: np.ndarray) -> str:
    """Where a map is highest, in words."""
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    thirds = ("top", "middle", "bottom"), ("left", "centre", "right")
    where = " ".join(
        words[3 * int(at) // size]
        for words, at, size in zip(thirds, (row, column), values.shape, strict=True)
    )
    return f"{name}: highest, {number(float(values.max()), digits=2)}, at the {where}"
