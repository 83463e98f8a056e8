"""Write a study's per-label tables: python -m pipelines.analyse --recipe demo."""

from udviz.commands.analyse import main
from udviz.commands.command_line import run_as_program

if __name__ == "__main__":
    run_as_program(main)
