import pandas as pd
import pytest

ROLES = ("teacher", "baseline", "distilled")


def label_row(label: str, *, gain: float, verdict: str, rank: int, causes: str) -> dict:
    row = {"label": label, "gain": gain, "gain_low": gain - 0.02, "gain_high": gain + 0.02}
    row |= {"verdict": verdict, "supported": label != "cat", "positives": 40, "causes": causes}
    row |= {"difficulty_rank": rank, "rank_low": max(1, rank - 1), "rank_high": min(3, rank + 1)}
    for place, role in enumerate(ROLES):
        ap = 0.4 + 0.1 * place
        row |= {f"ap_{role}": ap, f"ap_{role}_low": ap - 0.05, f"ap_{role}_high": ap + 0.05}
    return row


@pytest.fixture
def labels() -> pd.DataFrame:
    """Three labels, hardest first, one of each verdict."""
    return pd.DataFrame(
        [
            label_row("cat", gain=0.03, verdict="helped", rank=1, causes="rare, small"),
            label_row("<i>dog</i>", gain=-0.06, verdict="hurt", rank=2, causes=""),
            label_row("owl", gain=0.01, verdict="cannot tell", rank=3, causes="occluded"),
        ]
    )
