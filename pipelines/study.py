"""Train, predict and analyse a whole study: python -m pipelines.study --recipe demo."""

from udviz.commands.command_line import run_as_program
from udviz.commands.study import main

if __name__ == "__main__":
    run_as_program(main)
