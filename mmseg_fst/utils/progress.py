"""How far a training run has come."""
from typing import Optional

from mmengine.logging import MessageHub


def training_iteration() -> int:
    """Number of iterations that are done, virtual steps not counted.

    Returns:
        int: 0 at the first iteration, and outside of a run.
    """
    return MessageHub.get_current_instance().get_info('iter', 0)


def training_progress(epochs: Optional[int] = None) -> float:
    """Share of the iterations that are done.

    Virtual steps of a look-ahead do not count. Outside of a run it is 0.

    Args:
        epochs (int, optional): Number of equal parts of the run; only whole
            ones count. Defaults to None: it grows with each iteration.

    Returns:
        float: From 0 at the first iteration to almost 1 at the last.
    """
    done = training_iteration()
    # What the runner tells everybody about the run.
    end = MessageHub.get_current_instance().get_info('max_iters', 1)
    if epochs is None:
        return done / end
    # Whole numbers: a quotient may round down to the epoch before.
    return done * epochs // end / epochs
