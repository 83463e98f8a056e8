"""The console command: `udviz study` runs `main` of `udviz.commands.study`, and so on.

A command is imported when it is called, so that what needs PyTorch needs it only then.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

from udviz import __version__
from udviz.installation import called, extra_of, install_command
from udviz.studies import privacy
from udviz.studies.failure import reason

COMMANDS = {  # name: its module and what it does
    "app": ("udviz.commands.app", "Open the app in a browser."),
    "study": (
        "udviz.commands.study",
        "Train, predict and analyse a study, or go on with it.",
    ),
    "check": ("udviz.commands.check", "Read the data of a study and say what was understood."),
    "launch": ("udviz.commands.launch", "Start a study in this machine's queue or on a cluster."),
    "stop": ("udviz.launching.stop", "Have a study that runs save and end."),
    "train": ("udviz.commands.train", "Train one run of a study."),
    "predict": ("udviz.commands.predict", "Cache the predictions of one trained run."),
    "analyse": ("udviz.commands.analyse", "Write the per-label tables of a study."),
    "compare": ("udviz.commands.compare", "Compare predictions that were made elsewhere."),
    "export": ("udviz.commands.export", "Take a study's results elsewhere."),
    "doctor": ("udviz.commands.doctor", "Say what works here, and what to do about what does not."),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the command line names.

    Args:
        arguments: Without the program's name; those of this process by default.

    Raises:
        SystemExit: With a sentence, if there is no such command or it fails.
    """
    asked = list(sys.argv[1:] if arguments is None else arguments)
    if not asked or asked[0] in ("-h", "--help"):
        print(_help())
    elif asked[0] == "--version":
        print(f"udviz {__version__}")
    elif asked[0] in COMMANDS:
        run(asked[0], asked[1:])
    else:
        raise SystemExit(
            f"udviz: the command must be one of {', '.join(COMMANDS)}, got {asked[0]!r}. "
            "`udviz --help` says what they do."
        )


def run(command: str, arguments: Sequence[str] | None = None) -> None:
    """Run one command; errors end it with a sentence instead of a traceback.

    What it writes is for this account alone, unless studies are shared.

    Args:
        command: Its name.
        arguments: What follows the name; the arguments of this process by default.

    Raises:
        SystemExit: With the sentence.
    """
    privacy.keep_private()
    try:
        program = import_module(COMMANDS[command][0])
        program.main(sys.argv[1:] if arguments is None else arguments)
    except ModuleNotFoundError as error:
        raise SystemExit(_needed(command, error)) from error
    except (InterruptedError, KeyboardInterrupt) as error:
        print(error, file=sys.stderr)
        raise SystemExit(130) from error
    except (OSError, ValueError, RuntimeError, ArithmeticError) as error:
        raise SystemExit(f"Failed: {reason(error)}") from error


def _help() -> str:
    rows = [f"  {name:<12} {line}" for name, (_, line) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: udviz COMMAND ...",
            "",
            "Which labels of a multi-label image classifier are difficult, why, and which did a",
            "change help?",
            "",
            *rows,
            "",
            "`udviz COMMAND --help` lists the options of one. `udviz --version` tells the version.",
        ]
    )


def _needed(command: str, error: ModuleNotFoundError) -> str:
    """What to install; an error about a module that no extra brings is one of this program's."""
    extra = extra_of(error.name or "")
    if extra is None:
        raise error
    needed = install_command(extra)
    return f"`{called(command)}` needs the package {error.name}, which is not installed: {needed}"


if __name__ == "__main__":
    main()
