"""What is unusual in a network, by what its run noted after an epoch."""

from collections.abc import Iterable, Mapping
from typing import Any

from udviz.checks import is_number

MOST_DEAD = 0.05  # share of the channels; a few always die
LARGEST_LOGIT = 30.0  # a probability of 1 - 1e-13


def last_epoch(events: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The last event of an epoch; empty without one."""
    found: Mapping[str, Any] = {}
    for event in events:
        found = event if event.get("event") == "epoch" else found
    return found


def symptoms(event: Mapping[str, Any]) -> list[str]:
    """A sentence for each number of ``event`` that is unusual.

    Args:
        event: Of an epoch: ``dead_channels`` of ``channels`` and ``largest_logit``; what is missing
            says nothing.
    """
    dead, channels, logit = (event.get(n) for n in ("dead_channels", "channels", "largest_logit"))
    told = []
    if is_number(dead) and is_number(channels) and dead > MOST_DEAD * channels:
        told.append(
            f"{dead} of {channels} channels of the last feature map are 0 in nearly every image. "
            "A lower learning rate (learning_rate, backbone_rate) or gradient clipping (clip_norm) "
            "keeps more of them alive."
        )
    if is_number(logit) and abs(logit) > LARGEST_LOGIT:
        told.append(
            f"The largest logit on validation is {logit:.0f}, a probability of 0 or 1 to thirteen "
            "digits: the network is certain beyond reason of some images. Gradient clipping "
            "(clip_norm) or weight decay holds it."
        )
    return told
