"""How far a training run has come."""
from mmengine.logging import MessageHub


def training_progress() -> float:
    """Share of the iterations that are done.

    Virtual steps of a look-ahead do not count. Outside of a run it is 0.

    Returns:
        float: From 0 at the first iteration to almost 1 at the last.
    """
    # What the runner tells everybody about the run.
    run = MessageHub.get_current_instance()
    return run.get_info('iter', 0) / run.get_info('max_iters', 1)
