"""Early stopping that a resumed run continues."""
from mmengine.hooks import EarlyStoppingHook as BaseHook
from mmengine.runner import Runner

from mmseg_fst.registry import HOOKS

from .results_hook import RESULTS


@HOOKS.register_module()
class EarlyStoppingHook(BaseHook):
    """Stop when a score has not improved for some validations.

    The hook of mmengine, which forgets all validations when a run is resumed;
    this one counts them again, from the metrics in the checkpoint. A run that
    had stopped stays as it is.

    Example:
        >>> custom_hooks = [dict(type='EarlyStoppingHook',
        ...                      monitor='student/mIoU', patience=8)]
    """

    # Before ResultsHook, which writes whether the run has stopped.
    priority = 'NORMAL'

    def before_train(self, runner: Runner) -> None:
        """Count the validations of a resumed run.

        Args:
            runner (Runner): The runner of the training.
        """
        past = runner.message_hub.get_info(RESULTS, {}) if runner.iter else {}
        for iteration in sorted(past, key=int):
            self.after_val_epoch(runner, past[iteration])
