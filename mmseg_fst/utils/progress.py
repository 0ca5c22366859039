"""How far a training run has come."""
from typing import Optional

from mmengine.logging import MessageHub


def training_progress(epochs: Optional[int] = None) -> float:
    """Share of the iterations that are done.

    Virtual steps of a look-ahead do not count. Outside of a run it is 0.

    Args:
        epochs (int, optional): Number of equal parts of the run; only whole
            ones count. Defaults to None: it grows with each iteration.

    Returns:
        float: From 0 at the first iteration to almost 1 at the last.
    """
    # What the runner tells everybody about the run.
    run = MessageHub.get_current_instance()
    done, end = run.get_info('iter', 0), run.get_info('max_iters', 1)
    if epochs is None:
        return done / end
    # Whole numbers: a quotient may round down to the epoch before.
    return done * epochs // end / epochs
