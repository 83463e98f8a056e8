"""What is unusual in a network is said, and what is usual is not."""

from udviz.studies.symptoms import last_epoch, symptoms


def test_a_few_dead_channels_and_common_logits_are_nothing_to_speak_of():
    assert symptoms({"dead_channels": 21, "channels": 512, "largest_logit": 12.0}) == []
    assert symptoms({}) == []
    assert symptoms({"dead_channels": 600, "channels": None, "largest_logit": "x"}) == []


def test_many_dead_channels_and_a_huge_logit_are_told():
    dead, logit = symptoms({"dead_channels": 112, "channels": 512, "largest_logit": -45.2})

    assert dead.startswith("112 of 512 channels")
    assert "is -45, a probability of 0 or 1" in logit


def test_the_last_epoch_counts_whatever_was_noted_after_it():
    events = [{"event": "epoch", "epoch": 1}, {"event": "epoch", "epoch": 2}, {"event": "step"}]

    assert last_epoch(events)["epoch"] == 2
    assert last_epoch([]) == {}
