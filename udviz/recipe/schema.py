"""The recipe of a study: every choice that shapes its numbers, typed and with one sentence each.

The command line, its help and the app's form are all made from these fields.
"""

from collections import Counter
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from udviz.checks import shown
from udviz.recipe.data import DataConfig
from udviz.recipe.networks import NetworkConfig, TeacherConfig
from udviz.recipe.section import Section
from udviz.recipe.students import DEFAULT_STUDENTS, StudentConfig, check_student_name
from udviz.vocabulary import MIN_POSITIVES, TEACHER


class LossConfig(Section):
    """The ground-truth losses of the teacher and of the students that see the targets."""

    balance: Literal["sum", "mean"] = "sum"
    """Binary terms summed over labels, or averaged (the paper's code)."""
    cal_loss: Literal["selective", "all", "none"] = "selective"
    """Calibration loss: positives against negatives only, against all others, or none."""
    alpha: float = Field(1.0, ge=0)
    """Weight of the softmax terms."""
    unknown_in_training: Literal["positive", "ignore", "negative"] = "positive"
    """What an unknown target that is flagged difficult counts as in training."""


class AugmentConfig(Section):
    """Random changes of the training images."""

    smallest_crop: float = Field(0.5, gt=0, le=1)
    """Smallest crop side as a fraction of the image's; 1 = no cropping."""
    flip: bool = True
    """Mirror half of the images left to right."""
    erase: float = Field(0.5, ge=0, le=1)
    """Probability of erasing a random rectangle."""


class HardwareConfig(Section):
    """Where the study runs; does not change what is computed beyond rounding."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto` takes a GPU where there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Of training: `auto` takes bf16 where it is native (GPU, or CPU with AVX512-BF16 or AMX).
    Predictions are computed in float32."""
    workers: int = Field(0, ge=0)
    """Data-loader processes; 0 reads in the training process."""
    threads: int = Field(0, ge=0)
    """CPU threads of each run; 0 = all cores, or its share of them beside other runs."""
    side_by_side: int = Field(0, ge=0)
    """Runs trained at once, in processes of their own; 0 = on a CPU with small images as many
    as pay, 1 = one after the other."""


class Recipe(Section):
    """A study: one data set, a teacher, and per seed one of each student."""

    name: str = "study"
    """Short name."""
    description: str = ""
    """Command, cost and expected score."""
    data: DataConfig = DataConfig()
    teacher: TeacherConfig = TeacherConfig()
    student: NetworkConfig = NetworkConfig()
    students: dict[str, StudentConfig] = DEFAULT_STUDENTS
    """The students by name; what one does not set of its network is that of `student`."""
    loss: LossConfig = LossConfig()
    augment: AugmentConfig = AugmentConfig()
    hardware: HardwareConfig = HardwareConfig()
    seeds: tuple[int, ...] = (0,)
    """One of each student is trained per seed."""
    crossfit_folds: int = Field(0, ge=0)
    """Extra students that judge the training labels, each the part it did not see; 0 = none."""
    teacher_seeds: Literal["one", "each"] = "one"
    """One teacher for all students, or one for each seed of the students."""
    teacher_seed: int = Field(0, ge=0)
    """Seed of the one teacher."""
    comparisons: tuple[str, ...] = ()
    """Pairs of models, `before:after`; empty = `baseline`, or else the first, to every other."""
    reference: str = ""
    """Model whose difficulty is shown; empty = the teacher, or the first where there is none."""
    min_positives: int = Field(MIN_POSITIVES, ge=1)
    """Labels with fewer positives in a split are shown but not supported."""
    min_train_positives: int = Field(30, ge=1)
    """A second mean AP is taken over the labels with at least this many training images."""

    @property
    def has_teacher(self) -> bool:
        """Whether a student learns from a teacher, or it is the reference."""
        taught = any(student.way.teacher for student in self.students.values())
        return taught or bool(self.teacher.from_) or self.reference == TEACHER

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models: the teacher first, then the students in their order."""
        return ((TEACHER,) if self.has_teacher else ()) + tuple(self.students)

    def network_of(self, model: str) -> NetworkConfig:
        """Network settings of the teacher, of a student, or of a run that judges labels."""
        if model == TEACHER:
            return self.teacher
        if model not in self.students:
            return self.student
        own = self.student.model_dump() | self.students[model].overrides
        return NetworkConfig.model_validate(own)

    @model_validator(mode="after")
    def _check_seeds(self) -> Self:
        if self.crossfit_folds == 1:
            raise ValueError("`crossfit_folds` must be 0 or at least 2, got 1.")
        if not self.seeds or min(self.seeds) < 0 or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"`seeds` must be distinct and non-negative, got {self.seeds}.")
        if self.teacher.from_ and self.teacher_seeds == "each":
            raise ValueError(
                "`teacher_seeds` must be one when `teacher.from` names a trained teacher, got each."
            )
        return self

    @model_validator(mode="after")
    def _check_students(self) -> Self:
        if not self.students:
            raise ValueError("`students` must hold at least one student, got none.")
        for name, student in self.students.items():
            check_student_name(name)
            if self.loss.cal_loss == "none" and student.way.calibration:
                raise ValueError(
                    f"`students.{name}.method` must do without a calibration branch when "
                    f"`loss.cal_loss` is none, got {student.method}."
                )
            try:
                self.network_of(name)
            except ValueError as error:
                raise ValueError(f"`students.{name}`: {_first_fault(error)}") from error
        alike = [name for name, n in Counter(map(str.lower, self.students)).items() if n > 1]
        if alike:
            raise ValueError(f"`students` must differ in more than case, got {alike[0]} twice.")
        return self

    @model_validator(mode="after")
    def _check_comparisons(self) -> Self:
        known = ", ".join(self.models)
        for pair in self.comparisons:
            before, _, after = pair.partition(":")
            if before == after or not {before, after} <= set(self.models):
                raise ValueError(
                    f"`comparisons` must be pairs before:after of {known}, got {shown(repr(pair))}."
                )
        if len(set(self.comparisons)) < len(self.comparisons):
            raise ValueError("`comparisons` must differ, got one twice.")
        if self.reference and self.reference not in self.models:
            raise ValueError(
                f"`reference` must be one of {known}, got {shown(repr(self.reference))}."
            )
        return self


def _first_fault(error: ValueError) -> str:
    """What pydantic says of the first fault, in our own words where they are."""
    told = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
    return told.removeprefix("Value error, ")
