"""Train, predict and analyse a whole study: python -m pipelines.study --recipe demo."""

from udviz.cli import run

if __name__ == "__main__":
    run("study")
