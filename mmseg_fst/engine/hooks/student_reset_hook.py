"""A student that starts again from its teacher."""
from typing import Optional

from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner

from mmseg_fst.engine.networks import unwrap
from mmseg_fst.registry import HOOKS


@HOOKS.register_module()
class StudentResetHook(Hook):
    """Copy the teacher to the student from time to time.

    As in the release of ELN, where each epoch after ``warmup_iters`` begins
    with the student at the weights and running statistics of its teacher; the
    optimizer keeps its moments. A hook that moves the teacher is given beside
    it.

    Args:
        interval (int): Iterations between two copies, counted from the end of
            ``warmup_iters`` of the model. In a config with partitions,
            ``'1 epoch'``.

    Raises:
        ValueError: If the interval is smaller than 1.
    """

    # Before the hooks that move teachers and look ahead (BELOW_NORMAL).
    priority = 'NORMAL'

    def __init__(self, interval: int) -> None:
        if interval < 1:
            raise ValueError('StudentResetHook: interval must be at least 1, '
                             f'got {interval}.')
        self.interval = interval

    def before_train(self, runner: Runner) -> None:
        """Check that there is a teacher.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If the model has none.
        """
        model = unwrap(runner)
        if getattr(model, 'teacher', None) is None:
            raise ValueError(
                f'StudentResetHook: {type(model).__name__} has no teacher to '
                'start from; take the hook out of `custom_hooks`.')

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Optional[DATA_BATCH] = None) -> None:
        """Copy the teacher, if it is time.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict, optional): The batch, not used.
        """
        model = unwrap(runner)
        passed = runner.iter - model.warmup_iters
        if passed > 0 and passed % self.interval == 0:
            for teacher, student in model.teacher_pairs():
                student.load_state_dict(teacher.state_dict())
