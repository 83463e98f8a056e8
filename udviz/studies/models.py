"""The models of a study and their runs, as its recipe names them; read without PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from udviz.checks import check_choice
from udviz.recipe.brought import BROUGHT, BroughtStudy
from udviz.recipe.files import parse_recipe, recipe_values
from udviz.recipe.schema import Recipe
from udviz.recipe.students import CROSSFIT, StudentConfig
from udviz.studies.directory import STUDY_FILE, RunDirectory
from udviz.vocabulary import BASELINE, TEACHER

Kind = Literal["teacher", "student", "brought"]


@dataclass(frozen=True)
class Run:
    """One network to train.

    Attributes:
        model: Name of its model; or ``crossfit``, a student that is trained on the ground truth
            without one fold of the training images, to judge their labels.
        seed: Of its initial weights, the order of images and the augmentation; of a crossfit run
            also the fold it leaves out.
        is_numbered: Whether its directory is named by its seed too; one teacher's is not.
    """

    model: str
    seed: int
    is_numbered: bool = True

    @property
    def name(self) -> str:
        """Name of its directory."""
        return f"{self.model}-{self.seed}" if self.is_numbered else self.model

    def directory(self, study: Path) -> RunDirectory:
        """Where it lives."""
        return RunDirectory(study / self.name)


@dataclass(frozen=True)
class Model:
    """A named set of runs that differ in their seed.

    Attributes:
        name: Its name.
        kind: Teacher, student, or brought from elsewhere.
        seeds: Seeds of its runs; runs of two models are paired by them.
        description: How it was made, in a few words.
        is_numbered: Whether its directories are named by their seeds too.
    """

    name: str
    kind: Kind
    seeds: tuple[int, ...]
    description: str
    is_numbered: bool = True

    def run(self, seed: int) -> str:
        """Name of the directory of the run with ``seed``."""
        return Run(self.name, seed, self.is_numbered).name

    def directories(self, study: Path) -> dict[int, RunDirectory]:
        """Seed -> directory of its run."""
        return {seed: RunDirectory(study / self.run(seed)) for seed in self.seeds}


def models_of(recipe: Recipe) -> tuple[Model, ...]:
    """The models of a study: the teacher first, then the students in the recipe's order."""
    return tuple(_model(recipe, name) for name in recipe.models)


def comparisons_of(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """Pairs of models, before and after: those the recipe names, or one student to the others."""
    if recipe.comparisons:
        pairs = (pair.partition(":") for pair in recipe.comparisons)
        return tuple((before, after) for before, _, after in pairs)
    names = list(recipe.students)
    first = BASELINE if BASELINE in names else names[0]
    return tuple((first, other) for other in names if other != first)


def reference_of(recipe: Recipe) -> str:
    """Model whose difficulty is shown: the one that is named, else the teacher, else the first."""
    return recipe.reference or recipe.models[0]


def brought_models(study: BroughtStudy) -> tuple[Model, ...]:
    """The models of a study whose predictions were brought; its seeds are places of files."""
    return tuple(
        Model(
            name,
            "brought",
            tuple(range(len(model.test))),
            f"{model.scale} of {', '.join(Path(source.file).name for source in model.test)}",
        )
        for name, model in study.brought.items()
    )


def models_at(study: Path) -> tuple[Model, ...]:
    """The models of the study in a folder, trained or brought.

    Raises:
        ValueError: If its record cannot be read or breaks its schema.
    """
    file = study / STUDY_FILE
    values = recipe_values(file)
    if BROUGHT not in values:
        return models_of(parse_recipe(values, source=str(file)))
    try:
        return brought_models(BroughtStudy.model_validate(values))
    except ValueError as error:
        raise ValueError(f"`{file}` must be the record of a brought study: {error}.") from error


def runs_of(recipe: Recipe) -> tuple[Run, ...]:
    """The runs of a study in the order they are trained.

    Teachers come first, then the first baseline, so that it is known what the teacher has to teach
    before anybody is taught; then the students seed by seed.
    """
    models = models_of(recipe)
    teachers = [_run(m, seed) for m in models if m.kind == "teacher" for seed in m.seeds]
    students = [m for m in models if m.kind == "student"]
    taught = [_run(model, seed) for seed in recipe.seeds for model in students]
    baseline = first_baseline(recipe)
    taught.sort(key=lambda run: run != baseline)
    judges = [Run(CROSSFIT, fold) for fold in range(recipe.crossfit_folds)]
    return (*teachers, *taught, *judges)


def first_baseline(recipe: Recipe) -> Run | None:
    """The run with the first seed of the first student that learns from the targets alone."""
    names = [name for name, student in recipe.students.items() if student.method == "none"]
    return Run(names[0], recipe.seeds[0]) if names else None


def run_of(recipe: Recipe, model: str, seed: int) -> Run:
    """The run of a model with ``seed``; one teacher has the recipe's, whatever ``seed`` is.

    Raises:
        ValueError: If the recipe has no such model or fold; names those that it has.
    """
    check_choice(model, (*recipe.models, *(CROSSFIT,) * bool(recipe.crossfit_folds)), name="model")
    if model == CROSSFIT:
        if seed >= recipe.crossfit_folds:
            raise ValueError(
                f"`seed` must be a fold below {recipe.crossfit_folds} of crossfit, got {seed}."
            )
        return Run(CROSSFIT, seed)
    if model == TEACHER:
        return teacher_run(recipe, seed)
    return Run(model, seed)


def teacher_run(recipe: Recipe, seed: int) -> Run:
    """The teacher of the students with ``seed``."""
    if recipe.teacher_seeds == "one":
        return Run(TEACHER, recipe.teacher_seed, is_numbered=False)
    return Run(TEACHER, seed)


def _run(model: Model, seed: int) -> Run:
    return Run(model.name, seed, model.is_numbered)


def _model(recipe: Recipe, name: str) -> Model:
    if name == TEACHER:
        one = recipe.teacher_seeds == "one"
        seeds = (recipe.teacher_seed,) if one else recipe.seeds
        source = f", trained in {recipe.teacher.from_}" if recipe.teacher.from_ else ""
        return Model(name, "teacher", seeds, f"{recipe.teacher.backbone}{source}", not one)
    student = recipe.students[name]
    description = f"{recipe.network_of(name).backbone}, {student.way.summary}{_settings(student)}"
    return Model(name, "student", recipe.seeds, description)


def _settings(student: StudentConfig) -> str:
    """What a student has other than the defaults of its method, and of ``[student]``."""
    chosen = student.method_settings() | student.overrides
    fields = StudentConfig.model_fields
    other = {name: value for name, value in chosen.items() if value != fields[name].default}
    return "".join(f", {name} = {value}" for name, value in other.items() if name != "method")
