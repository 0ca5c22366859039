"""The mean teacher: a moving average of the student."""
from collections.abc import Sequence
from typing import Literal, Optional

import torch
from mmengine.hooks import EMAHook, Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from torch import Tensor

from mmseg_fst.engine.networks import unwrap
from mmseg_fst.methods import TrainedModel
from mmseg_fst.ops import ema_decay, ema_update_
from mmseg_fst.registry import HOOKS

from .prepare_model_hook import PrepareModelHook


@HOOKS.register_module()
class MeanTeacherHook(Hook):
    """Move the teacher towards the student at each training step.

    Iteration t, student s, teacher m::

        m <- a m + (1 - a) s     with a = min(1 - 1 / (t + 1), decay)
        s <- step(s, labels, labels of m)

    With ``when='after'`` the two lines change places.

    What a hook may read and set of a model is written down in
    :class:`mmseg_fst.methods.TrainedModel`. The hook has no state: time is
    ``runner.iter``, so a resumed run continues where it was.

    Args:
        decay (float): Fraction of the teacher that is kept at each update
            after the warm-up, in [0, 1). Defaults to 0.999.
        buffers (str): Update of the teacher's buffers, which are the running
            statistics of batch normalization: ``'keep'`` leaves them
            to the teacher's own forward passes, for
            ``teacher_mode='train'``; ``'copy'`` takes the student's, for
            ``teacher_mode='eval'``; ``'average'`` moves running statistics
            as weights, as in PS-MT. Defaults to ``'keep'``.
        when (str): ``'before'`` or ``'after'`` the step. Defaults to
            ``'before'``.
        copy_iters (int): Number of first iterations in which the teacher is
            the student, as in the first epoch of U2PL. Defaults to 0.

    Raises:
        ValueError: If an argument has none of the values above.
    """

    # After IterTimerHook (NORMAL), so that work done here counts as time of
    # the step and not as time of loading data.
    priority = 'BELOW_NORMAL'

    def __init__(self,
                 decay: float = 0.999,
                 buffers: Literal['keep', 'copy', 'average'] = 'keep',
                 when: Literal['before', 'after'] = 'before',
                 copy_iters: int = 0) -> None:
        if not 0 <= decay < 1:
            raise ValueError(
                f'{type(self).__name__}: decay must be in [0, 1), such as '
                f"0.999, got {decay}. (mmdet's `momentum` is 1 - decay.)")
        if buffers not in ('keep', 'copy', 'average'):
            raise ValueError(f'{type(self).__name__}: buffers must be '
                             f"'keep', 'copy' or 'average', got {buffers!r}.")
        if when not in ('before', 'after'):
            raise ValueError(f'{type(self).__name__}: when must be '
                             f"'before' or 'after', got {when!r}.")
        self.decay = decay
        self.buffers = buffers
        self.when = when
        self.copy_iters = copy_iters

    def before_train(self, runner: Runner) -> None:
        """Check the run; start the teacher as a copy of the student.

        Weights are loaded by now. A resumed run keeps its own teacher.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If the model has no teacher, if nothing would move its
                running statistics, or if an ``EMAHook`` would average
                student and teacher together.
        """
        model = unwrap(runner)
        if getattr(model, 'teacher', None) is None:
            raise ValueError(
                f'{type(self).__name__} needs a model with a teacher, but '
                f'{type(model).__name__} has none; choose a method with a '
                'teacher, such as MeanTeacher (of CoTraining: '
                "label_with='future'), or take the hook out of "
                '`custom_hooks`.')
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            raise ValueError(
                f'EMAHook averages the whole model, teacher included, and '
                f'swaps it at validation; {type(self).__name__} already '
                'keeps the average. Take EMAHook out of `custom_hooks`.')
        if self.buffers == 'keep' and not model.teacher_updates_statistics:
            raise ValueError(
                "`model.teacher_mode='eval'` leaves the teacher's running "
                f'statistics as they are; give {type(self).__name__} '
                "buffers='copy', or the model teacher_mode='train'.")
        if runner.iter == 0:
            for teacher, source in model.teacher_pairs():
                teacher.load_state_dict(source.state_dict())

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Move the teacher.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict, optional): The batch, not used.
        """
        if self.when == 'before' or self.copies(runner):
            self.update_teacher(runner)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Move the teacher, if it is to move after the step.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict, optional): The batch, not used.
            outputs (dict, optional): Logged values, not used.
        """
        if not any(isinstance(hook, PrepareModelHook)
                   for hook in runner.hooks):
            unwrap(runner).commit()  # the runner was built by hand
        self.finish(runner)

    def finish(self, runner: Runner) -> None:
        """Move the teacher, if it is to move after the step.

        Args:
            runner (Runner): The runner of the training.
        """
        if self.when == 'after':
            self.update_teacher(runner)

    def copies(self, runner: Runner) -> bool:
        """Whether the teacher is the student in this iteration.

        Args:
            runner (Runner): The runner of the training.

        Returns:
            bool: True in the first ``copy_iters`` iterations.
        """
        return runner.iter < self.copy_iters

    def updates(self, runner: Runner, passes: int) -> int:
        """Time of the moving average, by which its decay warms up.

        Args:
            runner (Runner): The runner of the training.
            passes (int): Training steps made in this iteration, virtual
                ones included.

        Returns:
            int: Here the number of training iterations so far.
        """
        return runner.iter

    def decay_of(self, runner: Runner, passes: int) -> float:
        """Decay of the next move of the teacher.

        Args:
            runner (Runner): The runner of the training.
            passes (int): See :meth:`updates`.

        Returns:
            float: In [0, 1); 0 while the teacher is the student.
        """
        if self.copies(runner):
            return 0.
        return ema_decay(self.updates(runner, passes), self.decay)

    @torch.no_grad()
    def update_teacher(self,
                       runner: Runner,
                       weights: Optional[Sequence[Tensor]] = None,
                       passes: int = 0) -> None:
        """Do one step of the moving average.

        Args:
            runner (Runner): The runner of the training.
            weights (Sequence[Tensor], optional): The weights to move to, in
                the order of ``student.parameters()``. Defaults to None: the
                student's.
            passes (int): See :meth:`updates`. Defaults to 0.
        """
        model: TrainedModel = unwrap(runner)
        decay = self.decay_of(runner, passes)
        future = {}
        if weights is not None:
            future = dict(zip(model.student.parameters(), weights))
        for teacher, source in model.moving_teachers():
            average: list[Tensor] = list(teacher.parameters())
            moved: list[Tensor] = [
                future.get(weight, weight) for weight in source.parameters()
            ]
            if self.buffers == 'average':
                average += filter(torch.is_floating_point, teacher.buffers())
                moved += filter(torch.is_floating_point, source.buffers())
            ema_update_(average, moved, decay)
            if self.buffers == 'copy':
                for buffer, copied in zip(teacher.buffers(), source.buffers()):
                    buffer.copy_(copied)
