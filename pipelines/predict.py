"""Cache a run's predictions: python -m pipelines.predict --recipe demo --role teacher."""

from udviz.cli import run

if __name__ == "__main__":
    run("predict")
