"""What the Attention page shows of one image: maps of two models, their agreement, the objects."""

import numpy as np
import pandas as pd
import streamlit as st

from udviz.figures.models.overlay import Scale
from udviz.figures.style.text import count, number, one_line, safe_markdown
from udviz.figures.style.theme import MAP_SCALE, between
from udviz.stats.maps.agreement import map_agreement, map_difference
from udviz.stats.maps.grids import from_zero
from udviz.stats.maps.localisation import localise
from udviz.ui.attention.canvas import Canvas, Layer, offer_png, show_image, show_layer
from udviz.ui.attention.selection import Selection
from udviz.ui.labels import tables
from udviz.ui.load.caches import maps_of, predictions_of

N_OTHERS = 100  # images that an agreement is compared with
_TARGETS = {1: "present", 0: "absent", -1: "unknown"}
HOW_TO_READ = (
    "Uncertainty attention: bright regions contribute most to the disagreement of a model's two "
    "branches. Both maps share one colour scale; the difference has its own. "
)
NEARLY_UNIFORM = (
    "**Caution:** these channel weights are a softmax of very small gradients and hence almost "
    "equal. The map is then close to the mean feature activation: it shows where features are "
    "active, and little about uncertainty. Compare it with the uniform control below."
)
HOW_TO_READ_BROUGHT = (
    "Maps that came with the predictions, of the models' first runs; what is bright in them is "
    "for those who made them to say. Both share one colour scale; the difference has its own."
)
NO_MAPS_BROUGHT = (
    "No attention maps came with these predictions. `udviz compare --attention NAME=FILE` takes "
    "them, one map per image."
)
NO_MAPS = (
    "No model of this study has a calibration branch, so there is no uncertainty attention. "
    "Evidence for a label is available below."
)
ONE_MAP = (
    "Only one model has uncertainty attention, so there is nothing to compare it with. Students "
    "taught by `none` or `kd` have no calibration branch."
)
HOW_TO_READ_AGREEMENT = (
    "Correlation: of the two maps over their cells; 1 = identical, 0 = unrelated. Shared energy: "
    "overlap of the two maps, each normalised to sum 1; 1 = identical. Other images: this image's "
    "map of the first model against the second model's maps of other images, the agreement that "
    "any two maps have."
)
HOW_TO_READ_OBJECTS = (
    "Hit: the maximum of the map lies on the object (pointing game). Energy inside: share of the "
    "map on the object. The last two rows are maps that do not depend on the image."
)


def targets_table(selection: Selection) -> pd.DataFrame:
    """Every label with its target in this image and each model's probability.

    Labels that the image carries come first, then the most probable ones.
    """
    run, styles = selection.run, selection.styles
    columns: dict[str, object] = {
        "Label": list(run.label_names),
        "Target": [_TARGETS[int(target)] for target in run.targets[selection.place]],
    }
    for name, version in selection.versions.items():
        columns[styles[name].text] = predictions_of(version).image_probs(selection.place)
    if run.disagreement is not None:
        columns["Disagreement (nats)"] = np.asarray(run.disagreement[selection.place])
    table = pd.DataFrame(columns)
    first = styles[next(iter(selection.versions))].text
    order = pd.DataFrame({"carried": table["Target"] == "present", "prob": table[first]})
    return table.loc[order.sort_values(["carried", "prob"], ascending=False).index]


def draw_targets(selection: Selection, *, opened: str | None, file_name: str) -> None:
    """Draw `targets_table`; a click on a row opens its label."""
    table = targets_table(selection)
    tables.draw_rows(
        table,
        table["Label"].tolist(),
        opened=opened,
        key="targets",
        alt=f"Labels of image {one_line(selection.image_id)} with each model's probability",
        formats={name: st.column_config.NumberColumn(format="%.3f") for name in table.columns[2:]},
        csv=tables.Csv(file_name=file_name),
    )


def show_maps(selection: Selection, canvas: Canvas) -> None:
    """The maps of the pair, how alike they are, and whether they point at the object."""
    if not selection.maps:
        st.info(NO_MAPS_BROUGHT if selection.is_brought else NO_MAPS)
        with st.container(width=400):
            show_image(selection, canvas)
        return
    draw_maps(selection, canvas)
    if selection.is_brought:
        st.caption(HOW_TO_READ_BROUGHT)
    else:
        st.caption(HOW_TO_READ + about_weights(selection))
    with st.grid(2, min_column_width=400) as grid:
        with grid.cell():
            draw_agreement(selection)
        if canvas.mask is not None:
            with grid.cell():
                draw_objects(selection, canvas.mask)


def about_weights(selection: Selection) -> str:
    """How the channels of the maps are weighted; a caution where that says little."""
    named = {name: weights_of(selection, name) for name in selection.maps}
    if "softmax" in named.values():
        return NEARLY_UNIFORM
    told = [f"{safe_markdown(name)} {weights}" for name, weights in named.items()]
    return f"Channel weights: {', '.join(told)}."


def weights_of(selection: Selection, model: str) -> str:
    """Channel weights of a model's maps; a teacher's are those it is distilled with first."""
    students = selection.study.recipe.get("students", {})
    taught = [name for name, student in students.items() if student.get("method", "ud") == "ud"]
    owner = model if model in students else next(iter(taught), model)
    return selection.study.setting(f"students.{owner}.channel_weights") or "softmax"


def draw_maps(selection: Selection, canvas: Canvas) -> None:
    """Draw the image, the maps on one scale, and their difference."""
    maps = selection.maps
    low, high = min(m.min() for m in maps.values()), max(m.max() for m in maps.values())
    unit = "attention, as it was brought"
    if not selection.is_brought:
        unit = "uncertainty attention (units of the normalised features)"
    scale = Scale(colours=MAP_SCALE, low=float(low), high=float(high), unit=unit)
    layers = [
        Layer(title=selection.styles[name].text, values=values, scale=scale)
        for name, values in maps.items()
    ]
    if len(maps) > 1:
        layers.append(_difference(selection, maps))
    with st.grid("auto", min_column_width=230) as grid:
        with grid.cell():
            show_image(selection, canvas)
        for layer in layers:
            with grid.cell():
                show_layer(layer, canvas)
    offer_png(
        [canvas.draw(), *(canvas.draw(layer) for layer in layers)],
        file_name=f"{selection.study.path.name}-{selection.row}-maps.png",
        key="maps",
    )


def _difference(selection: Selection, maps: dict[str, np.ndarray]) -> Layer:
    """The first map less the second."""
    first, second = (selection.styles[name] for name in maps)
    difference = map_difference(*maps.values())
    most = float(np.abs(difference).max())
    unit = f"{one_line(first.word)} − {one_line(second.word)}"
    scale = Scale(colours=between(second, first), low=-most, high=most, unit=unit)
    return Layer(title="Difference", values=difference, scale=scale)


def draw_agreement(selection: Selection) -> None:
    """How alike the two maps are, against maps of other images."""
    if len(selection.pair) < 2:
        if not selection.is_brought:
            st.info(ONE_MAP)
        return
    st.table(agreement_rows(selection).set_index("Agreement"), border="horizontal")
    st.caption(HOW_TO_READ_AGREEMENT)


def agreement_rows(selection: Selection) -> pd.DataFrame:
    """Agreement of the pair on the image, and of the same map with those of other images."""
    one, other = (maps_of(selection.versions[name]) for name in selection.pair)
    place, n_images = selection.place, len(one)
    elsewhere = [(place + step) % n_images for step in range(1, min(N_OTHERS + 1, n_images))]
    own = map_agreement(one[[place]], other[[place]])
    level = map_agreement(one[[place] * len(elsewhere)], other[elsewhere])
    rows = [
        ("Correlation", own.correlation[0], level.correlation),
        ("Shared energy", own.overlap[0], level.overlap),
    ]
    return pd.DataFrame(
        {
            "Agreement": [name for name, _, _ in rows],
            "This image": [number(value, digits=2) for _, value, _ in rows],
            "Other images (mean)": [number(_mean(others), digits=2) for _, _, others in rows],
            "Exceeds": [
                f"{count((others < value).sum())} of {count(len(others))} other images"
                for _, value, others in rows
            ],
        }
    )


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def draw_objects(selection: Selection, mask: np.ndarray) -> None:
    """Whether each model's map points at the object; with the levels of uninformed maps."""
    maps = {
        selection.styles[name].text: from_zero(values[None])[0]
        for name, values in selection.maps.items()
    }
    st.table(objects_table(maps, mask), border="horizontal")
    st.caption(HOW_TO_READ_OBJECTS)


def objects_table(maps: dict[str, np.ndarray], mask: np.ndarray) -> pd.DataFrame:
    """Hit and energy inside a mask, of maps by name and of maps that ignore the image.

    Args:
        maps: (h, w) each; what is negative counts as zero.
        mask: (GRID, GRID) bool.
    """
    scores = {name: localise(values[None], mask[None]) for name, values in maps.items()}
    rows = [(name, score.hit[0], score.energy[0]) for name, score in scores.items()]
    levels = localise(np.ones((1, 1, 1)), mask[None])
    rows.append(("Uniform map", levels.area[0], levels.area[0]))
    rows.append(("Centred Gaussian", levels.hit_centre[0], levels.energy_centre[0]))
    return pd.DataFrame(
        {
            "Map": [name for name, _, _ in rows],
            "Hit": [number(hit, digits=2) for _, hit, _ in rows],
            "Energy inside": [number(energy, digits=2) for _, _, energy in rows],
        }
    ).set_index("Map")
