"""What people say of doubted targets, kept beside the study, one line per mark.

Marks are only ever appended, so that browsers which mark at once lose nothing. Of several marks on
one target the last line of the file stands, whatever the clocks say. A damaged line costs itself.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from udviz.studies.events import append_event, read_events

Verdict = Literal["wrong", "right", "unsure"]
VERDICTS: tuple[str, ...] = get_args(Verdict)
REVIEWS_FILE = "reviews.jsonl"
LATEST = 2.0**33  # Unix seconds: the year 2242, the last one that a table's clock can tell


@dataclass(frozen=True)
class Doubted:
    """A target that was doubted; one that was corrected since is another.

    Attributes:
        split: ``train``, ``val`` or ``test``.
        image_id: Of the image.
        label: Name of the label.
        target: What the data set says: 1 present, 0 absent.
    """

    split: str
    image_id: str
    label: str
    target: int


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One line of the file.

    Attributes:
        doubted: The target it speaks of.
        direction: Why it is doubted: ``missing`` or ``extra``.
        verdict: Whether the target is wrong; None takes an earlier mark back.
        time: When it was made, Unix seconds.
    """

    doubted: Doubted
    direction: str
    verdict: Verdict | None
    time: float = field(default_factory=time.time)


def add_mark(study: Path, mark: Mark) -> None:
    """Append ``mark`` to the file beside the study.

    Raises:
        OSError: If it cannot be written; nothing is marked then.
    """
    line = {**asdict(mark.doubted), **asdict(mark)}
    del line["doubted"]
    append_event(study / REVIEWS_FILE, line)


def standing_marks(study: Path) -> dict[Doubted, Mark]:
    """The last mark of every target, unless it took the earlier ones back."""
    marks: dict[Doubted, Mark] = {}
    for line in read_events(study / REVIEWS_FILE):
        if mark := _mark_of(line):
            marks.pop(mark.doubted, None)  # the latest come last
            marks[mark.doubted] = mark
    return {doubted: mark for doubted, mark in marks.items() if mark.verdict is not None}


def undo(study: Path, made: Mark, before: Mark | None) -> bool:
    """Let ``before`` stand again in place of ``made``.

    Returns:
        Whether it was done: not where somebody has marked the target again since.

    Raises:
        OSError: If it cannot be written.
    """
    if standing_marks(study).get(made.doubted) != (made if made.verdict else None):
        return False
    add_mark(study, replace(made, verdict=before.verdict if before else None, time=time.time()))
    return True


def _mark_of(line: Mapping[str, Any]) -> Mark | None:
    """The mark on a line; None if the line is no mark."""
    texts = [line.get(name) for name in ("split", "image_id", "label", "direction")]
    target, verdict, when = line.get("target"), line.get("verdict"), line.get("time")
    if (
        not all(isinstance(text, str) for text in texts)
        or target not in (0, 1)
        or verdict not in (None, *VERDICTS)
        or not isinstance(when, (int, float))
        or not 0 <= when < LATEST
    ):
        return None
    split, image_id, label, direction = (str(text) for text in texts)
    doubted = Doubted(split, image_id, label, int(target))
    return Mark(doubted=doubted, direction=direction, verdict=verdict, time=float(when))
