"""What the Attention page shows of one image: maps of the models, their agreement, the objects."""

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.models.overlay import Scale
from udviz.figures.style.text import count, number, one_line
from udviz.figures.style.theme import MAP_SCALE, ROLES, between
from udviz.stats.maps.agreement import map_agreement, map_difference
from udviz.stats.maps.grids import from_zero
from udviz.stats.maps.localisation import localise
from udviz.ui.attention.canvas import Canvas, Layer, offer_png, show_image, show_layer
from udviz.ui.attention.selection import Subject
from udviz.ui.labels import tables
from udviz.ui.load.caches import maps_of, predictions_of

N_OTHERS = 100  # images that an agreement is compared with
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


def show_maps(subject: Subject, canvas: Canvas) -> None:
    """The maps of all models, how alike they are, and whether they point at the object."""
    if not subject.maps:
        st.info(
            "None of these models has a calibration branch, so there is no uncertainty attention. "
            "What speaks for a label is shown below all the same."
        )
        with st.container(width=400):
            show_image(subject, canvas)
        return
    draw_maps(subject, canvas)
    weights = subject.study.setting("distill.channel_weights") or "softmax"
    st.caption(HOW_TO_READ + (NEARLY_UNIFORM if weights == "softmax" else f"Weights: {weights}."))
    with st.grid(2, min_column_width=400) as grid:
        with grid.cell():
            draw_agreement(subject)
        if canvas.mask is not None:
            with grid.cell():
                draw_objects(subject, canvas.mask)


def draw_maps(subject: Subject, canvas: Canvas) -> None:
    """Draw the image, the map of every model on one scale, and the difference of two."""
    maps = subject.maps
    low, high = min(m.min() for m in maps.values()), max(m.max() for m in maps.values())
    unit = "uncertainty attention, in units of the normalised features"
    scale = Scale(colours=MAP_SCALE, low=float(low), high=float(high), unit=unit)
    layers = [
        Layer(title=name_of(role), values=values, scale=scale) for role, values in maps.items()
    ]
    if len(maps) > 1:
        layers.append(_difference(maps))
    with st.grid("auto", min_column_width=230) as grid:
        with grid.cell():
            show_image(subject, canvas)
        for layer in layers:
            with grid.cell():
                show_layer(layer, canvas)
    offer_png(
        [canvas.draw(), *(canvas.draw(layer) for layer in layers)],
        file_name=f"{subject.study.path.name}-{subject.row}-maps.png",
        key="maps",
    )


def _difference(maps: dict[str, np.ndarray]) -> Layer:
    """The first map less the last."""
    first, last = next(iter(maps)), next(reversed(maps))
    difference = map_difference(maps[first], maps[last])
    most = float(np.abs(difference).max())
    words = ROLES[first].word.lower(), ROLES[last].word.lower()
    unit = f"{words[0]} − {words[1]}; below zero the {words[1]}'s is higher"
    colours = between(ROLES[last], ROLES[first])
    scale = Scale(colours=colours, low=-most, high=most, unit=unit)
    return Layer(title="Difference", values=difference, scale=scale)


def draw_agreement(subject: Subject) -> None:
    """How alike the teacher's map is to the others', against what it is to maps of other images."""
    roles = list(subject.maps)
    if len(roles) < 2:
        st.info(
            "Only one of these models has uncertainty attention, so there is nothing to agree "
            "with: a baseline, and a student distilled by `kd`, have no calibration branch."
        )
        return
    for role in roles[1:]:
        table = agreement_rows(subject, roles[0], role)
        st.table(table.set_index(table.columns[0]), border="horizontal")
    st.caption(HOW_TO_READ_AGREEMENT)


def agreement_rows(subject: Subject, first: str, second: str) -> pd.DataFrame:
    """Agreement of two roles on the image, and of the same map with those of other images."""
    one, other = maps_of(subject.versions[first]), maps_of(subject.versions[second])
    place, n_images = subject.place, len(one)
    elsewhere = [(place + step) % n_images for step in range(1, min(N_OTHERS + 1, n_images))]
    own = map_agreement(one[[place]], other[[place]])
    level = map_agreement(one[[place] * len(elsewhere)], other[elsewhere])
    rows = [
        ("Correlation", own.correlation[0], level.correlation),
        ("Shared energy", own.overlap[0], level.overlap),
    ]
    return pd.DataFrame(
        {
            f"{ROLES[first].word} and {ROLES[second].word.lower()}": [name for name, _, _ in rows],
            "This image": [number(value, digits=2) for _, value, _ in rows],
            "Other images": [number(_mean(others), digits=2) for _, _, others in rows],
            "Higher than": [
                f"{count((others < value).sum())} of {count(len(others))} others"
                for _, value, others in rows
            ],
        }
    )


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
