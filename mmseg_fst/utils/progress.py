"""Progress of the current training run."""
from typing import Optional

from mmengine.logging import MessageHub


def training_iteration() -> int:
    """Number of completed iterations; virtual steps are not counted.

    Returns:
        int: 0 in the first iteration, and outside of a run.
    """
    return MessageHub.get_current_instance().get_info('iter', 0)


def training_progress(epochs: Optional[int] = None) -> float:
    """Fraction of the iterations that are completed.

    Virtual steps of FST are not counted. Outside of a run it is 0.

    Args:
        epochs (int, optional): Number of equal parts of the run; only
            complete parts count. Defaults to None: the fraction grows with
            each iteration.

    Returns:
        float: In [0, 1): 0 in the first iteration, almost 1 in the last.
    """
    done = training_iteration()
    # The runner publishes the length of the run here.
    end = MessageHub.get_current_instance().get_info('max_iters', 1)
    if epochs is None:
        return done / end
    # Integer division: a float quotient may round down to the epoch before.
    return done * epochs // end / epochs
