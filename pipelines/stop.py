"""Have a study that runs save and end: python -m pipelines.stop runs/demo."""

from udviz.cli import run

if __name__ == "__main__":
    run("stop")
