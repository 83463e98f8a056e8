"""All problems of one read: grouped by kind, counted, with examples."""

from collections.abc import Iterable, Sequence

from udviz.checks import shown
from udviz.data.dataset import Guess, Problem

N_EXAMPLES = 5


class DataProblems(ValueError):
    """A read that was stopped because images cannot be used.

    Attributes:
        problems: Everything that was found, also what would not have stopped the read.
    """

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        lines = "\n".join(f"  {describe_problem(problem)}" for problem in problems)
        super().__init__(
            f"{source} has images that cannot be used:\n{lines}\n"
            'Repair them, or set `bad_images` to "set_aside" to go on without them.'
        )
        self.source = source
        self.problems = problems

    def __reduce__(self) -> tuple[type, tuple[str, tuple[Problem, ...]]]:
        """Pickle by what was passed in, so that the error survives a worker process."""
        return type(self), (self.source, self.problems)


def describe_problem(problem: Problem) -> str:
    """One line for a person: kind, count, examples."""
    more = ", ..." if problem.count > len(problem.examples) else ""
    weight = "" if problem.fatal else " (only reported)"
    return f"{problem.kind}{weight}: {problem.count} ({', '.join(problem.examples)}{more})"


class ProblemLog:
    """Collects problems while a reader goes on reading.

    Attributes:
        bad_rows: Rows that cannot be used.
        left_out: Rows that say what another one says as well.
        guesses: What was taken for granted, and the flag that says otherwise.
    """

    def __init__(self) -> None:
        self.bad_rows: set[int] = set()
        self.left_out: set[int] = set()
        self.guesses: list[Guess] = []
        self._count: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}
        self._fatal: dict[str, bool] = {}

    def add(self, kind: str, example: str, *, row: int | None = None) -> None:
        """Note one problem; with ``row``, that row cannot be used because of it."""
        self._count[kind] = self._count.get(kind, 0) + 1
        self._fatal[kind] = self._fatal.get(kind, False) or row is not None
        examples = self._examples.setdefault(kind, [])
        if len(examples) < N_EXAMPLES:
            examples.append(shown(example))
        if row is not None:
            self.bad_rows.add(row)

    def guess(self, what: str, *, flag: str) -> None:
        """Note what was taken for granted and the flag that says otherwise."""
        self.guesses.append(Guess(what=shown(what), flag=flag))

    def renumber(self, source: Sequence[int]) -> None:
        """Take note that row number k is now what row ``source[k]`` was; a row may be several."""
        self.bad_rows = {new for new, old in enumerate(source) if old in self.bad_rows}

    def count(self, kind: str) -> int:
        """How many problems of a kind were noted."""
        return self._count.get(kind, 0)

    def add_all(self, kind: str, examples: Iterable[str]) -> None:
        """Note several problems of one kind that are only reported."""
        for example in examples:
            self.add(kind, example)

    def problems(self) -> tuple[Problem, ...]:
        """What was found, first the kinds that make images unusable."""
        kinds = sorted(self._count, key=lambda kind: not self._fatal[kind])
        return tuple(
            Problem(
                kind=kind,
                count=self._count[kind],
                examples=tuple(self._examples[kind]),
                fatal=self._fatal[kind],
            )
            for kind in kinds
        )
