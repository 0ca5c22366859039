"""Look-ahead without further passes: experiments of this project, no paper.

The future of the student is extrapolated from what is known already. See
docs/what_fst_gains.md for what this is compared with.
"""
from typing import Any, Literal, Optional

import torch
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from mmseg_fst.engine.networks import unwrap
from mmseg_fst.engine.optim import wrappers_of
from mmseg_fst.registry import HOOKS

from .mean_teacher_hook import MeanTeacherHook

#: Key of a checkpoint: the student before its last step.
LAST_STUDENT = 'student_before_last_step'


class FreeLookAheadHook(MeanTeacherHook):
    """Move the teacher along a line through the student.

    Iteration t, student s, teacher m, estimated step d::

        m <- EMA(m, s);  m <- EMA(m, s + d);  ...  m <- EMA(m, s + K d)
        s <- step(s, b)                                     # by the train loop

    These are the ``depth + 1`` moves of :class:`FSTHook` with
    ``s + k d`` for the student after k virtual steps. They are made as a
    single one, see :func:`line_average`. ``depth=0`` is the mean teacher.

    Args:
        depth (int): Number of estimated steps K, at least 0. Defaults to 1.
        stride (float): Length of an estimated step, as a multiple of d.
            Defaults to 1.
        decay (float): See :class:`MeanTeacherHook`. Defaults to 0.999.
        buffers (str): See :class:`MeanTeacherHook`; the student's buffers are
            not extrapolated. Defaults to ``'keep'``.
        copy_iters (int): See :class:`MeanTeacherHook`. Defaults to 0.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 depth: int = 1,
                 stride: float = 1.,
                 decay: float = 0.999,
                 buffers: Literal['keep', 'copy', 'average'] = 'keep',
                 copy_iters: int = 0) -> None:
        super().__init__(decay, buffers, copy_iters=copy_iters)
        if depth < 0:
            raise ValueError(f'{type(self).__name__}: depth must be at least '
                             f'0, got {depth}.')
        self.depth = depth
        self.stride = stride

    def decay_of(self, runner: Runner, passes: int) -> float:
        """Decay of ``depth + 1`` moves.

        Args:
            runner (Runner): The runner of the training.
            passes (int): See :meth:`updates`.

        Returns:
            float: In [0, 1).
        """
        return super().decay_of(runner, passes)**(self.depth + 1)

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
        weights = list(unwrap(runner).student.parameters())
        step = self.estimated_step(runner, weights)
        if self.depth == 0 or step is None or self.copies(runner):
            self.update_teacher(runner)
            return
        reach = self.stride * line_average(
            super().decay_of(runner, passes=0), self.depth)
        self.update_teacher(runner, [
            weight.detach() if part is None else weight.detach() + reach * part
            for weight, part in zip(weights, step)
        ])

    def estimated_step(self, runner: Runner, weights: list[Any]
                       ) -> Optional[list[Optional[Tensor]]]:
        """Estimate the next step of the student.

        Args:
            runner (Runner): The runner of the training.
            weights (list[nn.Parameter]): Parameters of the student.

        Returns:
            list[Tensor | None] | None: Change of each parameter, of its
            shape, None for one that will not change; None if there is no
            estimate yet.
        """
        raise NotImplementedError


def line_average(decay: float, depth: int) -> float:
    """Where ``depth + 1`` moves of an average along a line lead.

    With a = ``decay``, the moves towards s, s + d, ..., s + K d are one move
    with the decay ``a**(K + 1)`` towards s + c d::

        c = (1 - a) (sum over k of k a^(K - k)) / (1 - a^(K + 1))

    Args:
        decay (float): Decay of each move, in [0, 1).
        depth (int): K, at least 0.

    Returns:
        float: c, in [0, K]; K for a decay of 0.

    Example:
        >>> line_average(0., 3), line_average(0.5, 1)
        (3.0, 0.6666666666666666)
    """
    total = sum(step * decay**(depth - step) for step in range(depth + 1))
    return (1 - decay) * total / (1 - decay**(depth + 1))


@HOOKS.register_module()
class ExtrapolationHook(FreeLookAheadHook):
    """The student goes on as in its last step.

    The estimated step d is the change of the student in the last iteration.
    Keeps one copy of the student, which is saved in checkpoints, so that a
    resumed run is an uninterrupted run. The first iteration is that of a mean
    teacher. See :class:`FreeLookAheadHook` for the arguments.
    """

    #: The student before its last step; None before the second iteration.
    last: Optional[list[Tensor]] = None

    def before_train(self, runner: Runner) -> None:
        """Check the run; there is no last step yet unless it is resumed.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: See :class:`MeanTeacherHook`.
        """
        super().before_train(runner)
        if runner.iter == 0:
            self.last = None

    @torch.no_grad()
    def estimated_step(self, runner: Runner, weights: list[Any]
                       ) -> Optional[list[Optional[Tensor]]]:
        """The change of the student in the last iteration.

        Args:
            runner (Runner): The runner of the training.
            weights (list[nn.Parameter]): Parameters of the student.

        Returns:
            list[Tensor] | None: Change of each parameter; None in the first
            iteration.
        """
        last = self.last
        self.last = [weight.detach().clone() for weight in weights]
        if last is None:
            return None
        return [weight - before for weight, before in zip(weights, last)]

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save the student before its last step.

        Args:
            runner (Runner): The runner of the training.
            checkpoint (dict): The checkpoint; changed in place.
        """
        if self.last is not None:
            checkpoint[LAST_STUDENT] = [weight.cpu() for weight in self.last]

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take it from the checkpoint that is resumed.

        Args:
            runner (Runner): The runner of the training.
            checkpoint (dict): The checkpoint.
        """
        weights = unwrap(runner).student.parameters()
        saved = checkpoint.get(LAST_STUDENT)
        self.last = None if saved is None else [
            tensor.to(weight.device) for tensor, weight in zip(saved, weights)
        ]


@HOOKS.register_module()
class MomentLookAheadHook(FreeLookAheadHook):
    """The student goes on by the moments of its optimizer, as in Nesterov's.

    The estimated step d is the one that the optimizer would make if the next
    gradient were its moment: of SGD ``-lr * buffer``; of Adam and AdamW
    ``-lr * m / (sqrt(v) + eps)`` with the moments corrected for their bias,
    and the decay of the weights of AdamW. The moments themselves stay. See
    :class:`FreeLookAheadHook` for the arguments.
    """

    def before_train(self, runner: Runner) -> None:
        """Check that the optimizer has moments.

        Args:
            runner (Runner): The runner of the training.

        Raises:
            ValueError: If it has none, or they are unknown; or the check of
                :class:`MeanTeacherHook` fails.
        """
        super().before_train(runner)
        for wrapper in wrappers_of(runner.optim_wrapper):
            optimizer = wrapper.optimizer
            if isinstance(optimizer, (Adam, AdamW)):
                continue
            if not isinstance(optimizer, SGD):
                raise ValueError(
                    'MomentLookAheadHook knows the moments of SGD, Adam and '
                    f'AdamW, not of {type(optimizer).__name__}; set '
                    '`optim_wrapper.optimizer.type` to one of them.')
            if not all(group['momentum'] for group in optimizer.param_groups):
                raise ValueError(
                    'MomentLookAheadHook: SGD has no moments without '
                    'momentum; set `optim_wrapper.optimizer.momentum`, such '
                    'as 0.9.')

    @torch.no_grad()
    def estimated_step(self, runner: Runner, weights: list[Any]
                       ) -> Optional[list[Optional[Tensor]]]:
        """The step that the optimizer would make by its moments.

        Args:
            runner (Runner): The runner of the training.
            weights (list[nn.Parameter]): Parameters of the student.

        Returns:
            list[Tensor | None] | None: Change of each parameter; None in the
            first iteration.
        """
        steps: dict[Tensor, Tensor] = {}
        for wrapper in wrappers_of(runner.optim_wrapper):
            steps.update(_steps_by_moments(wrapper.optimizer))
        if not steps:
            return None
        return [steps.get(weight) for weight in weights]


def _steps_by_moments(optimizer: Optimizer) -> dict[Tensor, Tensor]:
    """The next step of each weight that has moments."""
    steps = {}
    for group in optimizer.param_groups:
        for weight in group['params']:
            moments = optimizer.state.get(weight)
            if not moments:
                continue
            if isinstance(optimizer, SGD):
                change = -moments['momentum_buffer']
            else:
                change = -_adam_direction(group, moments)
                if (isinstance(optimizer, AdamW)
                        or group.get('decoupled_weight_decay')):
                    change -= group['weight_decay'] * weight
            steps[weight] = group['lr'] * change
    return steps


def _adam_direction(group: dict[str, Any], moments: dict[str, Tensor]
                    ) -> Tensor:
    """First moment by the root of the second, both without their bias."""
    first, second = group['betas']
    count = moments['step'].double()  # 1 - 0.999**count is small
    square = moments['max_exp_avg_sq' if group['amsgrad'] else 'exp_avg_sq']
    root = (square / (1 - second**count)).sqrt()
    return moments['exp_avg'] / (1 - first**count) / (root + group['eps'])
