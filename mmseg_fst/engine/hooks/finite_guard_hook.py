"""Guard against losses and gradients that are not finite."""
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

from mmseg_fst.engine.networks import unwrap
from mmseg_fst.engine.optim import wrappers_of
from mmseg_fst.engine.step_watch import StepWatch
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.checks import NotFinite
from mmseg_fst.utils.config_json import config_text
from mmseg_fst.utils.files import atomic_write

#: Keys in the message hub: number of skipped steps, in total and in a row.
SKIPPED, IN_A_ROW = 'skipped_steps', 'skipped_in_a_row'


@HOOKS.register_module()
class FiniteGuardHook(Hook):
    """Check losses and gradients before the weights are updated.

    If a value is not finite, the step is not applied (this includes virtual
    steps): the run stops, or continues as if the step had not happened. The
    batch, weights and random states needed to repeat the step are written to
    ``WORK_DIR/not_finite`` for ``tools/replay.py``. The gradient norm of the
    real step is logged as ``grad_norm``, unless ``clip_grad`` of the
    optimizer does so.

    Each step synchronizes once with the device to read a few numbers, as the
    loss scaler of mixed precision and ``clip_grad`` do at the same point, and
    several processes exchange one number to decide alike. A later check would
    need no synchronization, but the weights would be lost by then, and the
    step could neither be skipped nor repeated. (mmengine synchronizes after
    each iteration anyway, to log the losses.)

    With mixed precision the loss scaler skips a step whose gradient is not
    finite, reduces its scale, and the run continues; such steps are counted
    as skipped. The loss scaler does not check the loss itself; this hook does.

    :func:`mmseg_fst.apis.build_runner` registers it in every run, with the
    arguments in ``non_finite`` of the config.

    Args:
        action (str): ``'stop'`` or ``'skip'``. Defaults to ``'stop'``.
        patience (int): Number of consecutive skipped steps after which the
            run stops in any case. Defaults to 100.

    Raises:
        ValueError: If an argument is out of its range.
    """

    # Before LoggerHook (BELOW_NORMAL), which writes the values logged here,
    # and before the hook that makes the model commit staged changes.
    priority = 'NORMAL'

    def __init__(self,
                 action: Literal['stop', 'skip'] = 'stop',
                 patience: int = 100) -> None:
        if action not in ('stop', 'skip'):
            raise ValueError("non_finite.action must be 'stop' or 'skip', "
                             f'got {action!r}.')
        if patience < 1:
            raise ValueError('non_finite.patience must be a positive integer, '
                             f'got {patience}.')
        self.action = action
        self.patience = patience

    def before_train(self, runner: Runner) -> None:
        """Start to watch the model and its optimizers.

        Args:
            runner (Runner): The runner of the training.
        """
        self.runner = runner
        self.watch = StepWatch(unwrap(runner))
        self.norm: Optional[float] = None
        wrappers = wrappers_of(runner.optim_wrapper)
        self.logs_norm = not any(
            wrapper.clip_grad_kwargs and wrapper.grad_name == 'grad_norm'
            for wrapper in wrappers)
        self.handles = [
            wrapper.optimizer.register_step_pre_hook(self._before_step)
            for wrapper in wrappers
        ]

    def after_train(self, runner: Runner) -> None:
        """Stop watching.

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
        """Log the gradient norm and the number of skipped steps.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch, not used.
            data_batch (dict, optional): The batch, not used.
            outputs (dict, optional): Logged values, not used.

        Raises:
            NotFinite: If the loss is not finite in a step that the loss
                scaler skipped, or the scaler skipped too many in a row.
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
        """Check the step; called by each optimizer before its update."""
        if not self.watch.pending:
            return  # another optimizer of the same step was checked already
        self.watch.pending = False
        norm = get_total_norm([
            weight.grad for weight in self._weights()
            if weight.grad is not None
        ])
        values = self.watch.values()
        # A fused optimizer receives scaled gradients, and the loss scaler
        # passes it `found_inf` to skip the step.
        scale = getattr(optimizer, 'grad_scale', None)
        if scale is not None:
            norm = norm / scale
        if not hasattr(optimizer, 'found_inf'):
            values['grad_norm'] = norm
        wrong, self.norm = self._read(values, norm)
        if wrong is not None:
            self._refuse(wrong)
        elif self.norm is None or not math.isfinite(self.norm):
            self._overflow()
        else:
            self.runner.message_hub.update_info(IN_A_ROW, 0)

    def _after_no_step(self) -> None:
        """Handle a step that the loss scaler skipped: no optimizer ran."""
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
            self._stop('the gradient overflows at every scale of the loss')

    def _read(self, values: dict[str, Tensor], norm: Optional[Tensor] = None
              ) -> tuple[Optional[dict[str, float]], Optional[float]]:
        """Find values that are not finite, with one synchronization.

        Args:
            values (dict[str, Tensor]): Scalars on the device.
            norm (Tensor, optional): Gradient norm, a scalar on the device.
                Defaults to None.

        Returns:
            tuple: Values that are not finite in this process, or None if the
            values of all processes are finite; and ``norm`` as a number.
        """
        scalars = torch.stack([value.float() for value in values.values()])
        # All processes apply the step, or none does.
        anywhere = (~scalars.isfinite()).any().float()[None]
        all_reduce(anywhere, 'max')
        first = [] if norm is None else [norm.float()[None]]
        # One transfer for everything.
        *numbers, failed = torch.cat([*first, scalars, anywhere]).tolist()
        norm_value = None if norm is None else numbers.pop(0)
        wrong = {name: number for name, number in zip(values, numbers)
                 if not math.isfinite(number)}
        return wrong if failed else None, norm_value

    def _refuse(self, wrong: dict[str, float]) -> None:
        """Undo the step, then stop the run or skip the step."""
        what = ', '.join(f'{name} is {number}'
                         for name, number in wrong.items())
        what = what or 'a loss of another process is not finite'
        self.watch.undo()
        self.norm = None
        row = self._count()
        if self.action == 'stop' or row >= self.patience:
            self._stop(what)
        total = self.runner.message_hub.get_info(SKIPPED)
        # Only the first one is dumped: a dump is as large as a checkpoint.
        where = f' Batch and weights: {self._dump()}' if total == 1 else ''
        self.runner.logger.error(
            f'{self._place()}: {what}. The step is skipped ({total} so far). '
            f'Images: {self.watch.files()}.{where}')
        for weight in self._weights():
            weight.grad = None  # optimizers skip weights without gradient

    def _count(self) -> int:
        """Count a skipped step; returns the number of steps in a row."""
        hub = self.runner.message_hub
        for key in (SKIPPED, IN_A_ROW):
            hub.update_info(key, hub.get_info(key, 0) + 1)
        return hub.get_info(IN_A_ROW)

    def _stop(self, what: str) -> None:
        """Stop the run with an error."""
        path = self._dump()
        # A launcher kills all processes as soon as one ends: wait until all
        # have written their file.
        barrier()
        raise NotFinite(
            f'{self._place()}: {what}. The step was not applied. Images: '
            f'{self.watch.files()}. To repeat it: python tools/replay.py '
            f'{path}. A resumed run reaches the same step: correct the '
            'cause, or skip such steps with --cfg-options '
            'non_finite.action=skip')

    def _place(self) -> str:
        """Position in the run, counted as in the log."""
        return (f'Iteration {self.runner.iter + 1}, step {self.watch.count} '
                'of it')

    def _dump(self) -> str:
        """Write the data of the step; returns the path."""
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
        """All trained weights."""
        return self.watch.model.parameters()
