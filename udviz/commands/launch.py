"""Start a study as the app does: in the queue of this machine, or as a job of a cluster.

python -m pipelines.launch --recipe coco2014 --data.root PATH --out runs/coco \
  --placement.on slurm --placement.machines 2 --placement.processes 8
It returns at once; the page Runs shows the study, and `udviz stop` stops it.
Started again with the same recipe, the study goes on.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from udviz.commands import command_line as command
from udviz.installation import called
from udviz.launching.flags import flags
from udviz.launching.launch import Plan, is_begun, launch, plan_of, resume
from udviz.launching.placement import HERE, Placement
from udviz.studies.directory import STUDY_FILE
from udviz.studies.status import read_status


class LaunchOptions(BaseModel):
    """Where the study runs."""

    placement: Placement = HERE


def main(arguments: Sequence[str]) -> None:
    """Launch the study that the command line names; one that is there goes on."""
    asked = command.parse(
        arguments,
        program=called("launch"),
        summary="Start a study in the queue of this machine, or as a job of a cluster.",
        extra=LaunchOptions,
    )
    study = asked.study.absolute()
    placement = Placement.model_validate(asked.options["placement"])
    if is_begun(study):
        _go_on(study, asked, placement)
    else:
        launch(Plan(source=asked.source, recipe=asked.recipe, placement=placement), study)
    status = read_status(study)
    print(
        f"{study}: {status.state if status else 'unknown'} {status.job if status else ''}".strip()
    )


def _go_on(study: Path, asked: command.Command, placement: Placement) -> None:
    """Resume a study that is there, elsewhere if a placement was named."""
    differs = flags(plan_of(study).recipe, asked.recipe)
    if differs:
        raise ValueError(
            f"`{study}` holds a study with another recipe ({' '.join(differs)}). Choose another "
            f"--out, or go on with --recipe {study / STUDY_FILE}."
        )
    resume(study, placement=None if placement == HERE else placement)
