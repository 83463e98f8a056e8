"""Take results elsewhere: python -m pipelines.export runs/demo --to markdown."""

from udviz.cli import run

if __name__ == "__main__":
    run("export")
