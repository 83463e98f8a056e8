"""Turn the prediction caches of a study into tables, ready for the app and for pandas.

python -m pipelines.analyse --recipe demo
"""

from collections.abc import Sequence

from udviz.analysis.study import analyse_study
from udviz.analysis.summary import summary
from udviz.commands import command_line as command
from udviz.commands.engines import AnalysisOptions, engine_of
from udviz.studies.provenance import load_study_data


def main(arguments: Sequence[str]) -> None:
    """Analyse the study that the command line names and print what came out."""
    asked = command.parse(
        arguments,
        program="python -m pipelines.analyse",
        summary="Turn the prediction caches of a study into tables.",
        extra=AnalysisOptions,
    )
    engine = engine_of(asked.options)
    with command.study_at(asked, n_parts=1) as report:
        report.begin(0, "Analysis")
        dataset = load_study_data(asked.recipe, asked.study)
        analyse_study(asked.recipe, asked.study, dataset, report.advance, engine=engine)
    print(summary(asked.study))
