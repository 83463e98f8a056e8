import json
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udviz.studies.reviews import (
    REVIEWS_FILE,
    Review,
    ReviewedTarget,
    add_review,
    standing_reviews,
    undo,
    verdicts_of_targets,
)

CAT = ReviewedTarget("test", "img 1", "cat", 0)


def review(verdict, of=CAT, time=1.5, reviewer=""):
    return Review(of=of, direction="missing", verdict=verdict, time=time, reviewer=reviewer)


def verdicts(study, reviewer=""):
    reviews = standing_reviews(study)
    return {of: review.verdict for (of, name), review in reviews.items() if name == reviewer}


def test_a_review_comes_back_as_it_was_made(tmp_path):
    made = review(
        "wrong", ReviewedTarget("train", "a/b ü\n.jpg", '=1+1, "x"', 1), time=1764000000.123456
    )

    add_review(tmp_path, made)

    assert standing_reviews(tmp_path) == {(made.of, ""): made}


def test_a_line_holds_everything_a_person_needs_to_read_it_elsewhere(tmp_path):
    add_review(tmp_path, review("unsure", reviewer="Ada"))

    line = json.loads((tmp_path / REVIEWS_FILE).read_text())
    assert line == {
        **{"split": "test", "image_id": "img 1", "label": "cat", "target": 0},
        **{"direction": "missing", "verdict": "unsure", "time": 1.5},
        "reviewer": "Ada",
    }


def test_of_two_browsers_the_last_line_wins_whatever_their_clocks_say(tmp_path):
    add_review(tmp_path, review("wrong", time=2000.0))
    add_review(tmp_path, review("right", time=1000.0))

    assert verdicts(tmp_path) == {CAT: "right"}


def test_a_target_that_was_corrected_since_has_not_been_reviewed(tmp_path):
    add_review(tmp_path, review("wrong"))

    assert replace(CAT, target=1) not in verdicts(tmp_path)


def test_a_line_from_before_there_were_names_is_a_review_without_one(tmp_path):
    (tmp_path / REVIEWS_FILE).write_bytes(a_line() + b"\n")

    assert standing_reviews(tmp_path) == {(CAT, ""): review("right", time=9.0)}


def test_nobody_replaces_takes_back_or_undoes_the_review_of_another(tmp_path):
    adas = review("wrong", reviewer="Ada", time=1.0)
    add_review(tmp_path, adas)
    add_review(tmp_path, review("right", reviewer="Ben"))
    add_review(tmp_path, review("unsure"))
    add_review(tmp_path, review(None))

    assert verdicts_of_targets(tmp_path) == {CAT: {"wrong", "right"}}
    assert not undo(tmp_path, replace(adas, reviewer="Ben"), None)
    assert undo(tmp_path, adas, None)
    assert verdicts_of_targets(tmp_path) == {CAT: {"right"}}


def test_an_empty_verdict_takes_the_review_back(tmp_path):
    add_review(tmp_path, review("wrong"))

    add_review(tmp_path, review(None))

    assert standing_reviews(tmp_path) == {}


def a_line(**changes):
    line = {**vars(CAT), "direction": "missing", "verdict": "right", "time": 9}
    return json.dumps(line | changes).encode()


@pytest.mark.parametrize(
    "damage",
    [
        b'{"split": "test", "image_id": "img 1", "lab',
        b"\xff\xfe\x00",
        b"[1, 2]",
        b"null",
        b'{"split": "test"}',
        a_line(verdict="no"),
        a_line(verdict=[1]),
        a_line(direction=3),
        a_line(label=None),
        a_line(target=7),
        a_line(target="1"),
        a_line(time="now"),
        a_line(reviewer=None),
    ],
)
def test_a_damaged_line_loses_nothing_else(tmp_path, damage):
    other = replace(CAT, label="dog")
    add_review(tmp_path, review("wrong"))
    with (tmp_path / REVIEWS_FILE).open("ab") as file:
        file.write(damage)

    add_review(tmp_path, review("right", other))

    assert verdicts(tmp_path) == {CAT: "wrong", other: "right"}


def test_reviews_made_at_once_are_all_kept(tmp_path):
    targets = [replace(CAT, image_id=f"img {place}") for place in range(100)]

    def browser(of_browser):
        for target in of_browser:
            add_review(tmp_path, review("wrong", target))

    threads = [threading.Thread(target=browser, args=(targets[place::4],)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert verdicts(tmp_path) == dict.fromkeys(targets, "wrong")


@settings(deadline=None)  # writes files, on a machine that may be busy
@given(
    steps=st.lists(
        st.tuples(
            st.builds(
                ReviewedTarget,
                st.sampled_from(["train", "test"]),
                st.sampled_from(["a", "b"]) | st.text(max_size=3),
                st.sampled_from(["cat", "=dog"]),
                st.integers(0, 1),
            ),
            st.sampled_from(["wrong", "right", "unsure", None]),
            st.floats(0, 2e9),
        ),
        max_size=20,
    )
)
def test_any_interleaving_of_reviews_reads_back_the_last_one_of_each_target(
    tmp_path_factory, steps
):
    study = tmp_path_factory.mktemp("study")

    for target, verdict, time in steps:
        add_review(study, review(verdict, target, time))

    last = {target: verdict for target, verdict, _ in steps}
    assert verdicts(study) == {target: v for target, v in last.items() if v is not None}


def test_undo_brings_back_what_stood_before(tmp_path):
    first, second = review("wrong", time=1.0), review("right", time=2.0)
    add_review(tmp_path, first)
    add_review(tmp_path, second)

    assert undo(tmp_path, second, first)
    assert verdicts(tmp_path) == {CAT: "wrong"}


def test_undo_of_a_first_review_leaves_none_and_undo_of_taking_back_restores_it(tmp_path):
    made, back = review("wrong", time=1.0), review(None, time=2.0)
    add_review(tmp_path, made)
    add_review(tmp_path, back)

    assert undo(tmp_path, back, made)
    assert verdicts(tmp_path) == {CAT: "wrong"}
    assert undo(tmp_path, standing_reviews(tmp_path)[CAT, ""], None)
    assert verdicts(tmp_path) == {}


def test_undo_leaves_alone_what_somebody_else_reviewed_since(tmp_path):
    mine, theirs = review("wrong", time=1.0), review("unsure", time=2.0)
    add_review(tmp_path, mine)
    add_review(tmp_path, theirs)

    assert not undo(tmp_path, mine, None)
    assert verdicts(tmp_path) == {CAT: "unsure"}
