"""Say what works here, and what to do about what does not: python -m pipelines.doctor."""

from udviz.cli import run

if __name__ == "__main__":
    run("doctor")
