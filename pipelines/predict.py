"""Cache a run's predictions: python -m pipelines.predict --recipe demo --role teacher."""

from udviz.commands.command_line import run_as_program
from udviz.commands.predict import main

if __name__ == "__main__":
    run_as_program(main)
