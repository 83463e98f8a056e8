"""What a run depends on: the settings that it records, and by which it is compared."""

from typing import Any

from udviz.recipe.data import DataConfig
from udviz.recipe.schema import Recipe
from udviz.recipe.students import CROSSFIT
from udviz.vocabulary import TEACHER


def settings_of(recipe: Recipe, model: str) -> dict[str, Any]:
    """The settings that a run of ``model`` depends on, besides its seed; never the hardware.

    Args:
        recipe: Of the study.
        model: The teacher, a student, or ``crossfit``.

    Returns:
        Sections of plain values. A teacher from elsewhere depends on no loss of this study.
    """
    settings = {
        "data": data_settings(recipe.data),
        "network": recipe.network_of(model).model_dump(mode="json"),
    }
    if model == TEACHER and recipe.teacher.from_:
        return settings
    settings |= {"augment": recipe.augment.model_dump(mode="json"), "loss": _loss(recipe, model)}
    if model in recipe.students:
        settings["student"] = recipe.students[model].method_settings()
    if model == CROSSFIT:
        settings["crossfit"] = {"folds": recipe.crossfit_folds}
    return settings


def data_settings(data: DataConfig) -> dict[str, Any]:
    """The settings of the data that every run depends on: by slices only results are told apart."""
    return data.model_dump(mode="json", exclude={"slice_columns"})


def has_calibration(recipe: Recipe, model: str) -> bool:
    """Whether a model has a calibration branch: only where one of its losses trains it."""
    if model == TEACHER:
        return recipe.loss.cal_loss != "none"
    return model in recipe.students and recipe.students[model].way.calibration


def _loss(recipe: Recipe, model: str) -> dict[str, Any]:
    """Those settings of the losses that ``model`` reads."""
    student, loss = recipe.students.get(model), recipe.loss
    targets = student is None or student.uses_ground_truth
    read: dict[str, Any] = {"balance": loss.balance}
    if targets:
        read["unknown_in_training"] = loss.unknown_in_training
    if has_calibration(recipe, model):
        read["alpha"] = loss.alpha
    if model == TEACHER or (targets and has_calibration(recipe, model)):
        read["cal_loss"] = loss.cal_loss
    return read
