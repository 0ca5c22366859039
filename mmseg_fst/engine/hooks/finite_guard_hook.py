"""Losses and gradients that are not finite."""
import math
from collections.abc import Iterator
from os import path as osp
from typing import Any, Literal, Optional

import torch
from mmengine.dist import all_reduce, barrier, get_rank
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from mmseg_fst.engine.optim import wrappers_of
from mmseg_fst.engine.step_watch import StepWatch
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.checks import NotFinite
from mmseg_fst.utils.config_json import config_text
from mmseg_fst.utils.files import atomic_write

from .mean_teacher_hook import unwrap

#: In the message hub: steps that were not made, of the run and in a row.
SKIPPED, IN_A_ROW = 'skipped_steps', 'skipped_in_a_row'


@HOOKS.register_module()
class FiniteGuardHook(Hook):
    """Look at each loss and at the gradient before the weights move.

    Where one is not finite the step is not made, virtual steps included: the
    run stops, or goes on as if there had been no such step. What is needed
    to make the step again (batch, weights, random numbers) is written to
    ``WORK_DIR/not_finite``; ``tools/replay.py`` reads it. The norm of the
    gradient of the real step is logged as ``grad_norm``, unless
    ``clip_grad`` of the optimizer does so.

    One read of some numbers in each step waits for the device, as the loss
    scaler of mixed precision and ``clip_grad`` do at the same place; several
    processes exchange one number, to decide alike. Looking later would need
    no wait, but then the weights are lost, and the step can neither be
    skipped nor made again. (mmengine waits after each iteration in any case,
    to log the losses.)

    With mixed precision the loss scaler skips a step whose gradient is not
    finite, lowers its scale, and the run goes on; such steps are counted as
    skipped. A loss that is not finite is none of its business.

    :func:`mmseg_fst.apis.build_runner` registers it in every run, with the
    arguments that ``non_finite`` of the config holds.

    Args:
        action (str): ``'stop'`` or ``'skip'``. Defaults to ``'stop'``.
        patience (int): Number of steps skipped in a row after which the run
            stops all the same. Defaults to 100.

    Raises:
        ValueError: If an argument is out of its range.
    """

    # Before LoggerHook (BELOW_NORMAL) writes what is logged here, and before
    # the hook that has the model write what is staged.
    priority = 'NORMAL'

    def __init__(self,
                 action: Literal['stop', 'skip'] = 'stop',
                 patience: int = 100) -> None:
        if action not in ('stop', 'skip'):
            raise ValueError(f'non_finite.action={action!r} is not known; '
                             "give 'stop' or 'skip'.")
        if patience < 1:
            raise ValueError(f'non_finite.patience={patience} is a number of '
                             'steps; give 1 or more.')
        self.action = action
        self.patience = patience

    def before_train(self, runner: Runner) -> None:
        """Watch the model and its optimizers.

        Args:
            runner (Runner): The runner of the training.
        """
        self.runner = runner
        self.watch = StepWatch(unwrap(runner))
        self.norm: Optional[float] = None
        wrappers = wrappers_of(runner.optim_wrapper)
        self.logs_norm = not any(
            one.clip_grad_kwargs and one.grad_name == 'grad_norm'
            for one in wrappers)
        self.handles = [
            one.optimizer.register_step_pre_hook(self._before_step)
            for one in wrappers
        ]

    def after_train(self, runner: Runner) -> None:
        """Watch no longer.

        Args:
            runner (Runner): The runner of the training.
        """
        self.watch.close()
        for handle in self.handles:
            handle.remove()

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Log the norm of the gradient, and how many steps were skipped.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch, not used.
            data_batch (dict, optional): The batch, not used.
            outputs (dict, optional): Logged values, not used.

        Raises:
            NotFinite: If the loss is not finite where the loss scaler has
                skipped the step, or the scaler skips one after the other.
        """
        hub = runner.message_hub
        if self.watch.pending:
            self._after_no_step()
        elif self.norm is not None and self.logs_norm:
            hub.update_scalar('train/grad_norm', self.norm)
        if hub.get_info(SKIPPED):
            hub.update_scalar(f'train/{SKIPPED}', hub.get_info(SKIPPED))
        self.watch.release()

    def _before_step(self, optimizer: Optimizer, args: tuple,
                     kwargs: dict[str, Any]) -> None:
        """Called by each optimizer before it moves weights."""
        if not self.watch.pending:
            return  # it steps together with one that was looked at
        self.watch.pending = False
        norm = get_total_norm([
            weight.grad for weight in self._weights()
            if weight.grad is not None
        ])
        values = self.watch.values()
        # A fused optimizer gets scaled gradients, and is told by the loss
        # scaler not to step.
        if getattr(optimizer, 'grad_scale', None) is not None:
            norm = norm / optimizer.grad_scale
        if not hasattr(optimizer, 'found_inf'):
            values['grad_norm'] = norm
        wrong, self.norm = self._read(values, norm)
        if wrong is not None:
            self._refuse(wrong)
        elif not math.isfinite(self.norm):
            self._overflow()
        else:
            self.runner.message_hub.update_info(IN_A_ROW, 0)

    def _after_no_step(self) -> None:
        """No optimizer was called: the loss scaler has skipped the step."""
        wrong, _ = self._read(self.watch.values())
        wrapper = self.runner.optim_wrapper
        if wrong is not None:
            self._refuse(wrong)
        elif (getattr(wrapper, 'loss_scaler', None) is not None
              and wrapper._accumulative_counts == 1):
            self._overflow()

    def _overflow(self) -> None:
        """Count a step that the loss scaler skips."""
        self.norm = None
        if self._count() >= self.patience:
            self._stop('the gradient overflows, however small the scale of '
                       'the loss')

    def _read(self, values: dict[str, Tensor], norm: Optional[Tensor] = None
              ) -> tuple[Optional[dict[str, float]], Optional[float]]:
        """Which values are not finite; None if all are, in all processes.

        Beside it ``norm``, a scalar on the device as they are, as a number.
        """
        numbers = torch.stack([value.float() for value in values.values()])
        # A step is made by all processes or by none.
        anywhere = (~numbers.isfinite()).any().float()[None]
        all_reduce(anywhere, 'max')
        more = [] if norm is None else [norm.float()[None]]
        *numbers, anywhere = torch.cat([*more, numbers, anywhere]).tolist()
        number = None if norm is None else numbers.pop(0)
        wrong = {name: one for name, one in zip(values, numbers)
                 if not math.isfinite(one)}
        return wrong if anywhere else None, number

    def _refuse(self, wrong: dict[str, float]) -> None:
        """Stop, or leave no trace of the step."""
        what = ', '.join(f'{name} is {number}'
                         for name, number in wrong.items())
        what = what or 'a loss of another process is not finite'
        self.watch.undo()
        self.norm = None
        row = self._count()
        if self.action == 'stop' or row >= self.patience:
            self._stop(what)
        total = self.runner.message_hub.get_info(SKIPPED)
        where = f' Batch and weights: {self._dump()}' if total == 1 else ''
        self.runner.logger.error(
            f'{self._place()}: {what}. The step is skipped ({total} by now). '
            f'Images: {self.watch.files()}.{where}')
        for weight in self._weights():
            weight.grad = None  # an optimizer passes over these

    def _count(self) -> int:
        """Count a step that is not made; returns how many in a row."""
        hub = self.runner.message_hub
        for key in (SKIPPED, IN_A_ROW):
            hub.update_info(key, hub.get_info(key, 0) + 1)
        return hub.get_info(IN_A_ROW)

    def _stop(self, what: str) -> None:
        """End the run."""
        path = self._dump()
        barrier()  # a launcher ends all processes as soon as one ends
        raise NotFinite(
            f'{self._place()}: {what}. The step was not made. Images: '
            f'{self.watch.files()}. To make it again: python tools/replay.py '
            f'{path}. A run that is resumed comes to the same place: correct '
            'the cause, or pass over such steps with --cfg-options '
            'non_finite.action=skip')

    def _place(self) -> str:
        """Where in the run this is, counted as in the log."""
        return (f'Iteration {self.runner.iter + 1}, step {self.watch.count} '
                'of it')

    def _dump(self) -> str:
        """Write the step; returns the path."""
        runner = self.runner
        path = osp.join(runner.work_dir, 'not_finite',
                        f'iter_{runner.iter + 1}_rank_{get_rank()}.pth')
        scaler = getattr(runner.optim_wrapper, 'loss_scaler', None)
        meta = dict(
            cfg=config_text(runner.cfg),
            iter=runner.iter,
            max_iters=runner.max_iters,
            loss_scale=scaler.get_scale() if scaler else None)
        with atomic_write(path) as temporary:
            torch.save(dict(self.watch.content(), meta=meta), temporary)
        return path

    def _weights(self) -> Iterator[nn.Parameter]:
        """All that is trained."""
        return self.watch.model.parameters()
