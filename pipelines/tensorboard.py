"""Write TensorBoard event files of a study: python -m pipelines.tensorboard runs/demo."""

from udviz.cli import run

if __name__ == "__main__":
    run("tensorboard")
