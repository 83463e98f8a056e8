"""The record of a study whose predictions were brought: what came from where."""

import re
from typing import Any, Self

from pydantic import Field, model_validator

from udviz.checks import shown
from udviz.recipe.section import Section
from udviz.vocabulary import MIN_POSITIVES, Scale, Split

BROUGHT = "brought"  # section of ``study.toml`` that a recipe does not have
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LONGEST_NAME = 40


class BroughtError(ValueError):
    """A study of predictions that were brought is taken for one that can be trained."""


class Source(Section):
    """A file as it was when it was read."""

    file: str
    """Its path."""
    sha256: str
    """Digest of its bytes."""


class BroughtModel(Section):
    """A model, and the files of its seeds."""

    scale: Scale
    """What its scores are."""
    test: tuple[Source, ...] = Field(min_length=1)
    """Scores on the test images, a file per seed."""
    val: tuple[Source, ...] = ()
    """Scores on the validation images, likewise; empty without a validation split."""
    calibration: tuple[Source, ...] = ()
    """Logits of its calibration branch on the test images, likewise; empty without one."""
    val_calibration: tuple[Source, ...] = ()
    """The same on the validation images."""
    attention: tuple[Source, ...] = ()
    """Attention maps of the test images, likewise; empty without any."""
    val_attention: tuple[Source, ...] = ()
    """The same of the validation images."""

    def files(self, split: Split) -> tuple[Source, ...]:
        """The files of scores of one split."""
        return self.val if split == "val" else self.test


class BroughtStudy(Section):
    """Models whose predictions were made elsewhere, on one set of images and targets."""

    name: str
    """Short name."""
    description: str = ""
    """The command that made the study."""
    targets: Source
    """Targets of the test images."""
    val_targets: Source | None = None
    """Targets of the validation images."""
    images: str = ""
    """Folder of the images; empty without them."""
    brought: dict[str, BroughtModel] = Field(min_length=1)
    """The models by name, in the order in which they are shown."""
    comparisons: tuple[str, ...] = ()
    """Pairs of models, `before:after`; empty = the first to every other."""
    reference: str = ""
    """Model whose difficulty is shown; empty = the first."""
    groups: str = ""
    """Column of the targets that says which images belong together; empty = none."""
    metadata: Source | None = None
    """Table of what is known of each image: a site, an annotator."""
    objects: Source | None = None
    """Table of the objects in the images."""
    min_positives: int = Field(MIN_POSITIVES, ge=1)
    """Labels with fewer positives are shown but not supported."""
    notes: tuple[str, ...] = ()
    """What was recognised, left out or taken on trust, a sentence each."""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """What is compared: names before and after."""
        if self.comparisons:
            pairs = (pair.partition(":") for pair in self.comparisons)
            return tuple((before, after) for before, _, after in pairs)
        first, *others = self.brought
        return tuple((first, other) for other in others)

    def targets_of(self, split: Split) -> Source:
        """The file of the targets of one split."""
        found = self.val_targets if split == "val" else self.targets
        assert found is not None
        return found

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        check_models(list(self.brought), self.comparisons, self.reference)
        return self


def check_models(names: list[str], comparisons: tuple[str, ...], reference: str) -> None:
    """Raise unless models may be called so, and what is asked of them is among them.

    Raises:
        ValueError: Names the flag.
    """
    for name in names:
        if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            raise ValueError(
                "`--model` must have a name of letters, digits, `-` and `_` that begins with a "
                f"letter or a digit and has at most {_LONGEST_NAME} characters, got "
                f"{shown(repr(name))}. Pass --model NAME=FILE."
            )
    if len({name.lower() for name in names}) < len(names):
        raise ValueError(
            f"`--model` must have names that differ in more than case, got {', '.join(names)}. "
            "Pass --model NAME=FILE for each."
        )
    known = ", ".join(names)
    for pair in comparisons:
        before, _, after = pair.partition(":")
        if before == after or not {before, after} <= set(names):
            raise ValueError(
                f"`--compare` must be BEFORE:AFTER of {known}, got {shown(repr(pair))}."
            )
    if len(set(comparisons)) < len(comparisons):
        raise ValueError("`--compare` must differ, got one pair twice.")
    if reference and reference not in names:
        raise ValueError(f"`--reference` must be one of {known}, got {shown(repr(reference))}.")


def refuse_brought(values: dict[str, Any], *, source: str) -> None:
    """Raise if ``values`` are the record of a brought study, from which nothing can be trained.

    Raises:
        BroughtError: Says what made the study.
    """
    if BROUGHT in values:
        raise BroughtError(
            f"{source} records predictions that were brought from elsewhere, without images or "
            f"networks. They were compared with: {shown(str(values.get('description', '')))}"
        )
