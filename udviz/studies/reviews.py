"""What people say of possible annotation errors, kept beside the study, one line per review.

Reviews are only ever appended, so that browsers which review at once lose nothing. Of several
reviews of one target by one reviewer the last line of the file stands, whatever the clocks say;
nobody's review replaces another's. Those without a name, as in files of before there were names,
are one reviewer's. A damaged line costs itself.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from udviz.studies.events import append_event, read_events
from udviz.vocabulary import REVIEW_VERDICTS, ReviewVerdict

REVIEWS_FILE = "reviews.jsonl"
LATEST = 2.0**33  # Unix seconds: the year 2242, the last one that a table's clock can tell


@dataclass(frozen=True)
class ReviewedTarget:
    """A target as it was annotated; one that was corrected since is another.

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
class Review:
    """One line of the file.

    Attributes:
        of: The target it speaks of.
        direction: Why that looks wrong: ``missing`` or ``extra``.
        verdict: Whether the target is wrong; None takes an earlier review back.
        reviewer: Name of the person who made it; empty if none was given.
        time: When it was made, Unix seconds.
    """

    of: ReviewedTarget
    direction: str
    verdict: ReviewVerdict | None
    reviewer: str = ""
    time: float = field(default_factory=time.time)


def add_review(study: Path, review: Review) -> None:
    """Append ``review`` to the file beside the study.

    Raises:
        OSError: If it cannot be written; nothing is kept then.
    """
    line = {**asdict(review.of), **asdict(review)}
    del line["of"]
    append_event(study / REVIEWS_FILE, line)


def standing_reviews(study: Path) -> dict[tuple[ReviewedTarget, str], Review]:
    """The last review of every target by every reviewer, unless it took the earlier ones back."""
    reviews: dict[tuple[ReviewedTarget, str], Review] = {}
    for line in read_events(study / REVIEWS_FILE):
        if review := _review_of(line):
            reviews.pop((review.of, review.reviewer), None)  # the latest come last
            reviews[review.of, review.reviewer] = review
    return {key: review for key, review in reviews.items() if review.verdict is not None}


def verdicts_of_targets(study: Path) -> dict[ReviewedTarget, set[ReviewVerdict]]:
    """What is said of every target: one verdict where all who reviewed it agree, else several."""
    said: dict[ReviewedTarget, set[ReviewVerdict]] = {}
    for review in standing_reviews(study).values():
        if review.verdict is not None:
            said.setdefault(review.of, set()).add(review.verdict)
    return said


def undo(study: Path, made: Review, before: Review | None) -> bool:
    """Let ``before`` stand again in place of ``made``.

    Returns:
        Whether it was done: not where the same reviewer has reviewed the target again since.

    Raises:
        OSError: If it cannot be written.
    """
    standing = standing_reviews(study).get((made.of, made.reviewer))
    if standing != (made if made.verdict else None):
        return False
    add_review(study, replace(made, verdict=before.verdict if before else None, time=time.time()))
    return True


def _review_of(line: Mapping[str, Any]) -> Review | None:
    """The review on a line; None if the line is none."""
    texts = [line.get(name) for name in ("split", "image_id", "label", "direction")]
    texts.append(line.get("reviewer", ""))
    target, verdict, when = line.get("target"), line.get("verdict"), line.get("time")
    if (
        not all(isinstance(text, str) for text in texts)
        or target not in (0, 1)
        or verdict not in (None, *REVIEW_VERDICTS)
        or not isinstance(when, (int, float))
        or not 0 <= when < LATEST
    ):
        return None
    split, image_id, label, direction, reviewer = (str(text) for text in texts)
    of = ReviewedTarget(split, image_id, label, int(target))
    return Review(of=of, direction=direction, verdict=verdict, reviewer=reviewer, time=float(when))
