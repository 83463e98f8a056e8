"""Read the data of a study and print what was understood, before anything is trained.

python -m pipelines.check --recipe table --data.root PATH
"""

import json
import sys
from collections.abc import Sequence

from pydantic import Field

from udviz.commands import command_line as command
from udviz.data.source import load_dataset
from udviz.data.understood import as_json, lines
from udviz.installation import called
from udviz.recipe.section import Section
from udviz.studies.failure import reason

REFUSED = 2  # exit status
NOT_DECODED = (
    "not looked for: near-duplicates in two splits, and broken bytes inside of files, as images "
    "were not decoded; --data.verify decode does, and every study before it trains"
)


class CheckOptions(Section):
    """What goes with the flags of a recipe."""

    for_programs: bool = Field(False, alias="json")
    """Print JSON: images, splits, labels with their counts, problems, guesses."""


def main(arguments: Sequence[str]) -> None:
    """Print what was understood of the data.

    Raises:
        SystemExit: With status 2 after a sentence, if they cannot be read as they are.
    """
    try:
        asked = command.parse(
            arguments,
            program=called("check"),
            summary="Read the data of a study and print what was understood of them.",
            extra=CheckOptions,
        )
        dataset = load_dataset(asked.recipe.data)
    except (OSError, ValueError) as error:
        _refuse(" ".join(reason(error).split()))
    except SystemExit as ended:
        if not isinstance(ended.code, str):
            raise
        _refuse(" ".join(ended.code.split()))
    if asked.options["for_programs"]:
        print(json.dumps(as_json(dataset), ensure_ascii=False))
    else:
        print("\n".join(lines(dataset)))
        if dataset.files and asked.recipe.data.verify != "decode":
            print(f"\n{NOT_DECODED}")


def _refuse(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    raise SystemExit(REFUSED)
