"""The reason of a failure, as a person would tell it."""

import errno

FULL = {errno.ENOSPC: "The disk is full", errno.EDQUOT: "The disk quota is used up"}
_TORN = (EOFError, BrokenPipeError, ConnectionResetError)  # a worker died while it was sending
_TOLD = (
    *(ValueError, ArithmeticError, InterruptedError, KeyboardInterrupt),
    *(FileNotFoundError, ConnectionError),
)
_MOST_LINES, _LONGEST_LINE = 40, 1_000  # a message may quote a file of any size
_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS}


def reason(error: BaseException) -> str:
    """One or two sentences: what happened and what to do."""
    text = _tidy(str(error).strip()) or type(error).__name__
    if isinstance(error, OSError) and error.errno in FULL:
        where = f" ({error.filename})" if error.filename else ""
        return f"{FULL[error.errno]}{where}. Free some space and start again; it continues."
    if isinstance(error, OSError) and error.errno in _ACCESS:
        return f"No permission to write {error.filename or 'here'}. Choose another --out."
    if "DataLoader worker" in text or isinstance(error, _TORN):
        return (
            "A data-loader worker died, most often because memory ran out. "
            f"Lower --hardware.workers and start again; it continues. ({text.splitlines()[0]})"
        )
    if type(error).__name__ == "OutOfMemoryError":
        return "The GPU's memory ran out. Lower the batch size and start again."
    if isinstance(error, _TOLD) or type(error) is RuntimeError:
        return text
    return f"{type(error).__name__}: {text}"


def _tidy(text: str) -> str:
    """``text`` without what would steer a terminal, and not longer than a person reads."""
    lines = ["".join(c if c.isprintable() else " " for c in line) for line in text.splitlines()]
    short = [f"{line[:_LONGEST_LINE]}..." if len(line) > _LONGEST_LINE else line for line in lines]
    return "\n".join(short[:_MOST_LINES])
