"""Start a study in the queue or on a cluster: python -m pipelines.launch --recipe demo."""

from udviz.cli import run

if __name__ == "__main__":
    run("launch")
