"""Real processes that start at once: forked from a server that has imported torch already."""

import faulthandler
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from udviz.studies.identity import MEETING

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["pytest", "udviz.commands.train", "torchvision.ops"])

TINY = (
    *("--recipe", "demo", "--quiet", "--hardware.threads", "1"),
    *("--hardware.precision", "fp32"),  # bf16 makes of another order of sums another network
    *("--data.n_train", "64", "--data.n_val", "31", "--data.n_test", "8"),
    *("--teacher.backbone", "small", "--teacher.epochs", "4", "--teacher.batch_size", "8"),
    *("--student.backbone", "small", "--student.epochs", "4", "--student.batch_size", "8"),
    *("--only_students", "baseline,distilled"),
)
SECONDS = 300  # a wait longer than this is a hang, however busy the machine


class Program:
    """A function in a process of its own; stdout and stderr go to the file ``log``."""

    def __init__(
        self,
        function: Callable[..., None],
        *args: Any,
        log: Path,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.log = log
        self.process: BaseProcess = _CONTEXT.Process(
            target=_child, args=(function, args, str(log), environment or {})
        )
        self.process.start()

    @property
    def output(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def wait(self) -> int:
        """Exit code; negative, the signal that ended it."""
        self.process.join(SECONDS)
        code = self.process.exitcode
        assert code is not None, f"still running after {SECONDS} s:\n{self.output}"
        return code

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for ``condition`` or for the end of the process."""
        ends = time.monotonic() + SECONDS
        while self.process.is_alive() and not condition():
            assert time.monotonic() < ends, f"nothing happened in {SECONDS} s:\n{self.output}"
            time.sleep(0.002)


@contextmanager
def started(function: Callable[..., None], *args: Any, **options: Any) -> Iterator[Program]:
    """A program that does not outlive the test."""
    program = Program(function, *args, **options)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.join()


def run(function: Callable[..., None], *args: Any, log: Path) -> None:
    """Run a program that must succeed."""
    with started(function, *args, log=log) as program:
        assert program.wait() == 0, program.output


@contextmanager
def started_together(
    function: Callable[..., None], *args: Any, log: Path, n_processes: int = 2
) -> Iterator[list[Program]]:
    """A program in several processes, in the environment that their leader gives them."""
    meeting = log.with_name(f"{log.name}.{time.monotonic_ns()}.meeting")
    shared = {"WORLD_SIZE": n_processes, MEETING: meeting}
    with ExitStack() as stack:
        programs = []
        for rank in range(n_processes):
            variables = shared | {"RANK": rank, "LOCAL_RANK": rank}
            environment = {name: str(value) for name, value in variables.items()}
            own_log = log.with_name(f"{log.name}.{rank}")
            program = started(function, *args, log=own_log, environment=environment)
            programs.append(stack.enter_context(program))
        yield programs


def run_together(function: Callable[..., None], *args: Any, log: Path) -> None:
    """Run a program that must succeed in two processes."""
    with started_together(function, *args, log=log) as programs:
        for program in programs:
            assert program.wait() == 0, "\n".join(other.output for other in programs)


def train(arguments: Sequence[str]) -> None:
    """`python -m pipelines.train`, as a function for `Program`."""
    from udviz import cli

    cli.run("train", arguments)


def _child(
    function: Callable[..., None], args: tuple[Any, ...], log: str, environment: dict[str, str]
) -> None:
    os.environ.update(environment)
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(target, 1)
    os.dup2(target, 2)
    faulthandler.dump_traceback_later(SECONDS - 10, exit=True)  # says where it hangs
    multiprocessing.set_start_method("fork", force=True)  # for the data loader, as in a terminal
    torch.set_num_threads(1)
    function(*args)
