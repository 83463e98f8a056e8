"""Recipes as TOML files: by name or by path."""

import os
import tomllib
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from udviz.bounded import read_text
from udviz.checks import shown
from udviz.recipe.brought import refuse_brought
from udviz.recipe.explain import explain
from udviz.recipe.schema import Recipe
from udviz.recipe.upgrade import upgraded

RECIPES = Path(__file__).parent / "recipes"


def recipe_path(name_or_path: str) -> Path:
    """File of a recipe given by name (`demo`) or by path.

    Raises:
        FileNotFoundError: If there is none; lists the known names.
    """
    named = RECIPES / f"{name_or_path}.toml"
    path = named if os.path.isfile(named) else Path(name_or_path)
    if not os.path.isfile(path):  # unlike `Path.is_file`, says so of a name that is too long
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise FileNotFoundError(
            f"`recipe` must be one of {known} or the path of a TOML file, "
            f"got {shown(repr(name_or_path))}."
        )
    return path


def read_recipe(path: Path) -> Recipe:
    """Recipe stored at ``path``.

    Raises:
        ValueError: If the file is not TOML or breaks the schema; names each field.
    """
    return parse_recipe(recipe_values(path), source=str(path))


def recipe_values(path: Path) -> dict[str, Any]:
    """The plain values stored in a recipe file; an old one's as they are called now."""
    try:
        return upgraded(tomllib.loads(read_text(path)))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"`{path}` must be a TOML file: {shown(str(error))}.") from error


def recipe_text(recipe: Recipe) -> str:
    """``recipe`` as TOML, from which it can be read again; what is not set is left out."""
    values = recipe.model_dump(mode="json", exclude_none=True)
    return tomli_w.dumps(values, multiline_strings=True)


def parse_recipe(values: dict[str, Any], *, source: str) -> Recipe:
    """Recipe with ``values``, the schema's defaults elsewhere.

    Raises:
        ValueError: If a value breaks the schema; one line per field, with its flag. Or if they
            are those of a study whose predictions were brought.
    """
    refuse_brought(values, source=source)
    try:
        return Recipe.model_validate(upgraded(values))
    except ValidationError as error:
        raise ValueError(f"{source} is not a valid recipe:\n{explain(error)}") from error
