"""Train one run of a study: python -m pipelines.train --recipe demo --role teacher."""

from udviz.cli import run

if __name__ == "__main__":
    run("train")
