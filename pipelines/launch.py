"""Start a study in the queue or on a cluster: python -m pipelines.launch --recipe demo."""

from udviz.commands.command_line import run_as_program
from udviz.commands.launch import main

if __name__ == "__main__":
    run_as_program(main)
