"""A teacher whose weights are an exponential moving average of those that training goes through.

Run with ``python -m tests.benchmarks.averaged_teacher --recipe demo --out runs/averaged``, and any
flag of ``pipelines.train``. Validation and its checkpoints see the average; the decay rises to
0.985 in 600 steps. Compare its validation mAP with that of the same command without it.

Source:
    Tarvainen and Valpola (2017), "Mean teachers are better role models", section 2.
"""

import sys

from torch import Tensor

from udviz import cli
from udviz.training import loop

_average: dict[str, Tensor] = {}
_n_steps = 0


def main() -> None:
    """Train the teacher with both functions of the loop wrapped."""
    step, finish_epoch = loop._step, loop._finish_epoch

    def averaged_step(session: loop._Session, *batch: object) -> dict[str, Tensor]:
        global _n_steps
        losses = step(session, *batch)
        share = 1 - (1 + _n_steps) / (10 + _n_steps)
        for name, value in session.task.network.state_dict().items():
            if name in _average and value.is_floating_point():
                _average[name].lerp_(value, share)
            else:
                _average[name] = value.clone()
        _n_steps += 1
        return losses

    def finish_with_average(session: loop._Session) -> None:
        network = session.task.network
        own = {name: value.clone() for name, value in network.state_dict().items()}
        network.load_state_dict(_average)
        finish_epoch(session)
        network.load_state_dict(own)

    loop._step, loop._finish_epoch = averaged_step, finish_with_average
    cli.run("train", [*sys.argv[1:], "--model", "teacher"])


if __name__ == "__main__":
    main()
