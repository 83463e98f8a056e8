"""Read the data of a study and print what was understood: python -m pipelines.check."""

from udviz.cli import run

if __name__ == "__main__":
    run("check")
