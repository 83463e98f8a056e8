"""Is every mend of a run's faults needed? Takes the mends out, one at a time, and runs their tests.

Run with ``python -m tests.benchmarks.planted_run_faults`` (six minutes). Works on a copy;
prints one line per fault, and ends with an error if a test passes without its mend. The rows are
those of "What was broken on purpose" in docs/running.md. Where a test would wait in vain, the copy
waits for less long.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.planted_faults import copy_project, plant_all

RUNS, LAUNCHING = "tests/studies/", "tests/launching/"
LAUNCH = f"{LAUNCHING}test_launch.py::"
PAGE, TRAINING = "tests/pages/test_runs.py::", "tests/training/"
PATIENCE = {
    "tests/studies/programs.py": "PATIENCE = 240.0",
    "tests/training/processes.py": "SECONDS = 300",
}


@dataclass(frozen=True)
class RunFault:
    """``right`` in ``file`` becomes ``wrong``, and ``tests`` must fail."""

    name: str
    file: str
    right: str
    wrong: str
    tests: str


FAULTS = (
    RunFault(
        "kill -9 of the trainer: its word is believed",
        "udviz/studies/status.py",
        "return bool(self.process_mark) and start_mark(self.pid) == self.process_mark",
        "return True",
        f"{RUNS}test_status.py::test_running_without_its_process_is_lost",
    ),
    RunFault(
        "kill -9 of the trainer: the optimiser starts afresh",
        "udviz/training/state.py",
        'optimizer.load_state_dict(checkpoint.state["optimizer"])',
        "pass",
        f"{TRAINING}test_resume.py::test_killed_at_random_moments_it_ends_the_same[teacher]",
    ),
    RunFault(
        "kill -9 of the trainer: all of it starts afresh",
        "udviz/training/state.py",
        "checkpoint = load_newest(folder)",
        "checkpoint = None",
        f"{TRAINING}test_resume.py::test_killed_at_random_moments_it_ends_the_same[teacher]",
    ),
    RunFault(
        "kill -9 of the trainer: its checkpoint is written in place",
        "udviz/training/checkpoint.py",
        'draft = folder / f".{name}.draft"',
        "draft = folder / name",
        f"{TRAINING}test_checkpoint.py::test_a_save_that_ends_at_any_point_leaves_a_whole_last",
    ),
    RunFault(
        "kill -9 of the trainer: what it left of a cache stays",
        "udviz/predictions/cache.py",
        '.draft")',
        '.{id(self)}")',
        "tests/predictions/test_cache.py",
    ),
    RunFault(
        "kill -9 of the trainer: a torn line takes the next one with it",
        "udviz/studies/events.py",
        "if file.tell() and not _ends_with_newline(path):",
        "if False:",
        f"{RUNS}test_events.py",
    ),
    RunFault(
        "kill -9 of the app: its runs are its children",
        "udviz/launching/detach.py",
        "os.setsid()",
        "pass",
        f"{LAUNCH}test_an_app_that_is_killed_with_all_its_processes_takes_no_run_with_it",
    ),
    RunFault(
        "kill -9 of both: the lock outlives its process",
        "udviz/studies/lock.py",
        "fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "os.open(f'{path}.held', os.O_CREAT | os.O_EXCL)",
        f"{LAUNCH}test_an_app_and_its_run_that_are_both_killed_leave_a_run_that_goes_on",
    ),
    RunFault(
        "kill -9 of one that waits: its ticket holds the others up",
        "udviz/launching/queue.py",
        'return status is not None and status.state in ("queued", "stopping")',
        "return True",
        f"{LAUNCHING}test_queue.py::test_whoever_dies_while_it_waits_holds_nobody_up",
    ),
    RunFault(
        "disk full: no last word",
        "udviz/studies/files.py",
        "if error.errno not in FULL or not path.exists():",
        "if True:",
        f"{TRAINING}test_disks.py::test_a_disk_that_fills_up_between_two_checkpoints[full]",
    ),
    RunFault(
        "disk full: the draft of the checkpoint stays",
        "udviz/training/checkpoint.py",
        "        shutil.rmtree(draft, ignore_errors=True)\n        recover(folder)",
        "        recover(folder)",
        f"{TRAINING}test_disks.py::test_a_disk_that_fills_up_between_two_checkpoints[almost]",
    ),
    RunFault(
        "disk full: the checkpoint before goes first",
        "udviz/training/checkpoint.py",
        "        _write(draft, checkpoint)\n",
        "        shutil.rmtree(folder / name, True)\n        _write(draft, checkpoint)\n",
        f"{TRAINING}test_disks.py::test_a_disk_that_fills_up_between_two_checkpoints[full]",
    ),
    RunFault(
        "disk full: called by its number",
        "udviz/studies/failure.py",
        "if isinstance(error, OSError) and error.errno in FULL:",
        "if False:",
        f"{LAUNCHING}test_disks.py",
    ),
    RunFault(
        "disk full: no room is reserved for predictions",
        "udviz/predictions/cache.py",
        "reserve(file.fileno(), path.stat().st_size)",
        "pass",
        "tests/predictions/test_cache.py",
    ),
    RunFault(
        "disk full: the draft of a cache stays",
        "udviz/predictions/cache.py",
        "finally:\n            self._arrays.clear()\n            shutil.rmtree(self._draft, ",
        "finally:\n            shutil.rmtree(self._draft / 'none', ",
        "tests/predictions/test_cache.py",
    ),
    RunFault(
        "disk full: the draft of a small file stays",
        "udviz/studies/files.py",
        "draft.unlink(missing_ok=True)",
        "pass",
        f"{LAUNCHING}test_disks.py",
    ),
    RunFault(
        "disk full: no room is reserved for a large matrix",
        "udviz/scratch.py",
        "reserve(file.fileno(), n_bytes)",
        "pass",
        "tests/test_scratch.py",
    ),
    RunFault(
        "read-only run directory: the study keeps its old word",
        "udviz/commands/reporting.py",
        "        self._tell(self._study, status)  # first: the folder of a run may be what cannot "
        "be written\n        for part in list(self._parts):\n"
        "            self.end_run(message, part=part, state=state)\n",
        "        for part in list(self._parts):\n"
        "            self.end_run(message, part=part, state=state)\n"
        "        self._tell(self._study, status)\n",
        f"{TRAINING}test_disks.py::test_a_run_directory_that_cannot_be_written_ends_the_study"
        "_with_a_sentence",
    ),
    RunFault(
        "read-only run directory: called by its number",
        "udviz/studies/failure.py",
        "errno.EPERM, errno.EROFS",
        "errno.EPERM",
        f"{LAUNCHING}test_disks.py",
    ),
    RunFault(
        "cut status.json",
        "udviz/studies/status.py",
        "    except (OSError, ValueError):\n        return {}",
        "    except OSError:\n        return {}",
        f"{RUNS}test_status.py::test_a_status_cut_at_any_byte_reads_as_none",
    ),
    RunFault(
        "cut status.json on the pages",
        "udviz/studies/status.py",
        "    except (OSError, ValueError):\n        return {}",
        "    except OSError:\n        return {}",
        f"{PAGE}test_a_file_cut_at_every_tenth_byte_leaves_pages_that_explain[status.json]",
    ),
    RunFault(
        "cut study.toml on the Overview",
        "udviz/ui/load/study.py",
        "    except (OSError, ValueError, RecursionError) as error:\n        raise RecipeError",
        "    except OSError as error:\n        raise RecipeError",
        f"{PAGE}test_a_file_cut_at_every_tenth_byte_leaves_pages_that_explain[study.toml]",
    ),
    RunFault(
        "cut study.toml, resumed on the page of runs",
        "udviz/ui/frame/actions.py",
        "except (OSError, RuntimeError, ValueError) as error:",
        "except (OSError, RuntimeError) as error:",
        f"{PAGE}test_a_file_cut_at_every_tenth_byte_leaves_pages_that_explain[study.toml]",
    ),
    RunFault(
        "cut study.toml that is a recipe still",
        "udviz/training/records.py",
        'sorted(study.glob("*/run.toml"))',
        "()",
        "tests/training/test_records.py",
    ),
    RunFault(
        "cut run.toml on the page of runs",
        "udviz/ui/runs/curves.py",
        "except (OSError, ValueError, KeyError, RecursionError):",
        "except (OSError, KeyError):",
        f"{PAGE}test_labels_of_a_run_whose_record_is_damaged_have_their_columns",
    ),
    RunFault(
        "cut run.toml when its study goes on",
        "udviz/training/records.py",
        "except (OSError, ValueError, RecursionError):",
        "except (OSError, RecursionError):",
        "tests/training/test_records.py",
    ),
    RunFault(
        "cut launch.json",
        "udviz/launching/launch.py",
        "except (OSError, ValueError, KeyError, TypeError):",
        "except (OSError, KeyError, TypeError):",
        f"{LAUNCH}test_a_launch_file_cut_at_any_byte_is_refused_in_words",
    ),
    RunFault(
        "cut events.jsonl",
        "udviz/studies/events.py",
        "        except (ValueError, RecursionError):\n            continue",
        "        except TypeError:\n            continue",
        f"{PAGE}test_an_event_log_cut_at_every_tenth_byte_costs_one_line_of_it",
    ),
    RunFault(
        "cut ticket",
        "udviz/launching/queue.py",
        "except (OSError, ValueError, KeyError, TypeError):",
        "except (OSError, KeyError, TypeError):",
        f"{LAUNCHING}test_queue.py::test_a_damaged_ticket_holds_nobody_up",
    ),
    RunFault(
        "cut checkpoint",
        "udviz/training/checkpoint.py",
        "return all(digests[name] == file_digest(directory / name) for name in names)",
        "return all((directory / name).exists() for name in names)",
        f"{TRAINING}test_faults.py::test_a_checkpoint_cut_at_any_of_forty_places_gives_way_to_the"
        "_one_before",
    ),
    RunFault(
        "cut checkpoint: the one before is not looked at",
        "udviz/training/checkpoint.py",
        'for name in ("last", "previous"):',
        'for name in ("last",):',
        f"{TRAINING}test_checkpoint.py::test_previous_is_used_when_last_is_damaged",
    ),
    RunFault(
        "cut digests of a checkpoint",
        "udviz/training/checkpoint.py",
        "except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):",
        "except (OSError, KeyError, TypeError):",
        f"{TRAINING}test_checkpoint.py",
    ),
    RunFault(
        "cut file of a cache",
        "udviz/predictions/manifest.py",
        'if size != entry["bytes"]:',
        "if False:",
        "tests/predictions/test_cache.py",
    ),
    RunFault(
        "cut manifest of a cache",
        "udviz/predictions/manifest.py",
        "except (ValueError, TypeError, RecursionError) as error:",
        "except TypeError as error:",
        "tests/predictions/test_cache.py",
    ),
    RunFault(
        "two launches at once: nobody looks again under the lock",
        "udviz/launching/launch.py",
        "as lock:\n        _check_new(study)\n",
        "as lock:\n",
        f"{LAUNCH}test_a_study_that_came_to_be_while_its_launch_waited_is_left_alone",
    ),
    RunFault(
        "two launches at once: no lock",
        "udviz/studies/lock.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        f"{LAUNCH}test_of_two_launches_at_once_exactly_one_wins",
    ),
    RunFault(
        "pid reuse: another process counts as the run",
        "udviz/studies/status.py",
        "start_mark(self.pid) == self.process_mark",
        'start_mark(self.pid) != ""',
        f"{RUNS}test_status.py::test_a_process_that_only_inherited_the_pid_does_not_count",
    ),
    RunFault(
        "pid reuse: another process gets the signal",
        "udviz/studies/status.py",
        "start_mark(self.pid) == self.process_mark",
        'start_mark(self.pid) != ""',
        f"{LAUNCHING}test_stop.py::test_a_process_that_only_inherited_the_pid_gets_no_signal",
    ),
    RunFault(
        "clock set back: the mark is a time",
        "udviz/studies/identity.py",
        'if not (PROC / "self" / "stat").is_file():',
        "if True:",
        f"{RUNS}test_identity.py::test_a_clock_that_is_set_does_not_change_who_is_who",
    ),
    RunFault(
        "clock set back: begun in the future",
        "udviz/ui/runs/study_table.py",
        "min(entry.begun, now)",
        "entry.begun",
        f"{PAGE}test_a_clock_that_was_set_back_makes_no_run_begin_in_the_future",
    ),
    RunFault(
        "clock set back: a negative age",
        "udviz/studies/listing.py",
        "max(0.0, time.time() - self.begun)",
        "time.time() - self.begun",
        f"{RUNS}test_listing.py::test_a_study_begun_in_the_future_has_no_negative_age",
    ),
    RunFault(
        "200 studies: every status is read for every study",
        "udviz/studies/listing.py",
        "status=read_status(path), begun",
        "status=[read_status(path) for _ in root.iterdir()][0], begun",
        f"{PAGE}test_two_hundred_studies_are_listed_in_time",
    ),
    RunFault(
        "SIGTERM while it is being started: the app gets it",
        "udviz/launching/stop.py",
        "status = _handed_over(study)",
        "status = read_status(study)",
        f"{LAUNCHING}test_stop.py::test_an_app_that_just_starts_a_study_gets_no_signal_when_that_is"
        "_stopped",
    ),
    RunFault(
        "SIGTERM before it trains: not caught",
        "udviz/commands/command_line.py",
        "nullcontext(), stoppable():",
        "nullcontext():",
        f"{TRAINING}test_launched.py::test_a_run_that_is_stopped_before_it_trains_says_so",
    ),
    RunFault(
        "SIGTERM inside a destructor: lost",
        "udviz/stoppable.py",
        "signal.setitimer(signal.ITIMER_REAL, 0.01)",
        "pass",
        f"{TRAINING}test_launched.py::test_a_stop_that_arrives_inside_a_destructor_is_not_lost",
    ),
    RunFault(
        "SIGTERM while it trains: no checkpoint",
        "udviz/training/loop.py",
        "        self.save_last()\n        return InterruptedError(",
        "        return InterruptedError(",
        f"{TRAINING}test_resume.py::test_stopped_within_an_epoch_it_ends_the_same[teacher]",
    ),
    RunFault(
        "SIGTERM while it is validated: heard at the end",
        "udviz/training/loop.py",
        "after_batch=grant_stop",
        "after_batch=lambda: None",
        f"{TRAINING}test_loop.py",
    ),
    RunFault(
        "SIGTERM to one of several: slow steps are many",
        "udviz/training/progress.py",
        "self._due = 1 if now else min(max(int(AGREE_EVERY / slowest), 1), MOST_CALLS)",
        "self._due = MOST_CALLS",
        f"{TRAINING}test_progress.py",
    ),
    RunFault(
        "SIGTERM to one of several: only that one hears",
        "udviz/training/progress.py",
        "return bool(asked > 0)",
        "return self._signal is not None",
        f"{TRAINING}test_progress.py",
    ),
    RunFault(
        "SIGTERM while it waits: not caught",
        "udviz/launching/queued_process.py",
        "with stoppable():",
        "if True:",
        f"{LAUNCHING}test_stop.py::test_a_run_that_waits_can_be_stopped",
    ),
    RunFault(
        "SIGTERM that is not heard: children stay",
        "udviz/launching/stop.py",
        "family = {root, *root.children(recursive=True), *_session(root)}",
        "family = {root}",
        f"{LAUNCHING}test_stop.py::test_with_a_run_its_children_and_orphans_are_killed",
    ),
)


def main() -> None:
    """Plant all of them."""
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        shorten_waits(Path(folder))
        plant_all(FAULTS, Path(folder))


def shorten_waits(project: Path) -> None:
    """Have the tests of a copy wait less long for what will not come."""
    for name, words in PATIENCE.items():
        file = project / name
        file.write_text(file.read_text().replace(words, f"{words.split(' ')[0]} = 60"))


if __name__ == "__main__":
    main()
