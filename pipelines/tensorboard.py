"""Write TensorBoard event files of a study: python -m pipelines.tensorboard runs/demo."""

from udviz.commands.command_line import run_as_program
from udviz.export.tensorboard import main

if __name__ == "__main__":
    run_as_program(main)
