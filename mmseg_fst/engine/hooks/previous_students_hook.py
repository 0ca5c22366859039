"""When PrevMatch copies its student."""
from typing import Optional

from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner

from mmseg_fst.engine.networks import unwrap
from mmseg_fst.registry import HOOKS


@HOOKS.register_module()
class PreviousStudentsHook(Hook):
    """Copy the student to ``previous`` of a :class:`PrevMatch`.

    As in the release, the student is copied after a validation in which it
    scores higher than in all before. The labels of the validation images then
    take part in the training; with ``interval`` they do not.

    Args:
        interval (int, optional): Iterations between two copies. Defaults to
            None: after validations.
        metric (str): The score that has to rise. Defaults to
            ``'student/mIoU'``.

    Raises:
        ValueError: If the interval is smaller than 1.
    """

    # A best checkpoint (VERY_LOW) contains the copy.
    priority = 'NORMAL'

    def __init__(self,
                 interval: Optional[int] = None,
                 metric: str = 'student/mIoU') -> None:
        if interval is not None and interval < 1:
            raise ValueError('PreviousStudentsHook: interval must be at least '
                             f'1, got {interval}.')
        self.interval = interval
        self.metric = metric

    def before_train(self, runner: Runner) -> None:
        """Check that there is a place for the copies, and a score.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If the model is no :class:`PrevMatch`, or nothing is
                validated.
        """
        model = unwrap(runner)
        if not hasattr(model, 'previous'):
            raise ValueError(
                f'PreviousStudentsHook: {type(model).__name__} keeps no '
                'earlier students; take the hook out of `custom_hooks`, or '
                "set model.type='PrevMatch'.")
        if self.interval is None and runner.val_loop is None:
            raise ValueError(
                'PreviousStudentsHook copies the student after validations, '
                'but the run has none; give it an `interval`.')

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Optional[DATA_BATCH] = None) -> None:
        """Copy the student, if it is time.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict, optional): The batch, not used.
        """
        # Before, not after an iteration: a run that is resumed from the
        # checkpoint of the iteration before copies here, too.
        if self.interval and runner.iter and runner.iter % self.interval == 0:
            model = unwrap(runner)
            model.previous.add(model.student)

    def after_val_epoch(self, runner: Runner,
                        metrics: dict[str, float]) -> None:
        """Copy the student, if it is better than ever.

        Args:
            runner (Runner): The runner of the training.
            metrics (dict[str, float]): Metrics of this validation.

        Raises:
            ValueError: If the score is not one of them.
        """
        if self.interval is not None:
            return
        if self.metric not in metrics:
            raise ValueError(
                f'PreviousStudentsHook: metric={self.metric!r} is not a score '
                f'of this run; choose from {", ".join(metrics)}.')
        model = unwrap(runner)
        model.previous.add_if_better(model.student, metrics[self.metric])
