"""Compare predictions of any origin: python -m pipelines.compare a.npz b.npz --targets t.csv."""

from udviz.cli import run

if __name__ == "__main__":
    run("compare")
