"""Train one run of a study: python -m pipelines.train --recipe demo --role teacher."""

from udviz.commands.command_line import run_as_program
from udviz.commands.train import main

if __name__ == "__main__":
    run_as_program(main)
