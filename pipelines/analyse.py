"""Write a study's per-label tables: python -m pipelines.analyse --recipe demo."""

from udviz.cli import run

if __name__ == "__main__":
    run("analyse")
