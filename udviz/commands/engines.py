"""Where an analysis runs: flags of a command, never of a recipe, which may come from anyone."""

from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

from pydantic import model_validator

from udviz.analysis.engines.cluster import DaskEngine
from udviz.analysis.engines.engine import Engine
from udviz.recipe.section import Section

Where = Literal["local", "dask"]
ENGINES: tuple[Where, ...] = get_args(Where)


class EngineOptions(Section):
    """Where the jobs of an analysis run; the tables are the same."""

    engine: Where = "local"
    """Processes of this machine, or the workers of a Dask cluster."""
    address: str = ""
    """Dask only: address of the scheduler, as tcp://host:8786. What it sends is trusted."""

    @model_validator(mode="after")
    def _check_address(self) -> Self:
        if (self.engine == "dask") != bool(self.address):
            raise ValueError(
                "`analysis.address` must be given with the engine dask and only then, got "
                f"{self.address!r} with {self.engine}. Pass --analysis.engine dask "
                "--analysis.address tcp://HOST:8786."
            )
        return self

    def opened(self) -> Engine | None:
        """The engine; None for this machine."""
        return DaskEngine(self.address) if self.address else None


class AnalysisOptions(Section):
    """What goes with the flags of a recipe."""

    analysis: EngineOptions = EngineOptions()


def engine_of(options: Mapping[str, Any]) -> Engine | None:
    """The engine that a command line asks for; None for this machine."""
    return EngineOptions.model_validate(options["analysis"]).opened()
