"""Copy of the training state, so that virtual steps can be undone."""
import copy
from typing import Any

import torch
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmseg_fst.utils.randomness import get_random_state, set_random_state
from mmseg_fst.utils.restored_parts import Restore, restored_parts


class Snapshot:
    """A copy of what training steps change; can be restored many times.

    Args:
        runner (Runner): The runner of the training; its model has a
            ``student``.
        scope (str | Sequence[str]): ``'weights'``: the parameters of the
            student alone, as in the authors' release of FST. ``'all'``: all
            parts. Or names of parts: ``'weights'``; ``'optimizer'``, which
            are its moments and step counts, the gradients, the state of the
            loss scaler and the counter of the optimizer wrapper;
            ``'buffers'``, the statistics of batch normalization and other
            buffers; ``'random'``, PyTorch's random numbers. The teacher is
            never part of it. Defaults to ``'weights'``.

    Raises:
        ValueError: If a part has another name.
    """

    def __init__(self, runner: Runner, scope: Restore = 'weights') -> None:
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        self.optim_wrapper = runner.optim_wrapper
        self.parts = restored_parts(scope, 'Snapshot: scope')
        self.parameters = model.trained_parameters()
        if 'weights' in self.parts:
            self.weights = [
                weight.detach().clone() for weight in self.parameters
            ]
        if 'buffers' in self.parts:
            self.buffers = [
                buffer for module in model.trained_modules()
                for buffer in module.buffers()
            ]
            self.statistics = [buffer.clone() for buffer in self.buffers]
        if 'optimizer' in self.parts:
            self.gradients = [
                None if weight.grad is None else weight.grad.clone()
                for weight in self.parameters
            ]
            # state_dict() refers to the tensors that the next step edits.
            self.optimizer = copy.deepcopy(self.optim_wrapper.state_dict())
            self.step_count = self.optim_wrapper._inner_count
        if 'random' in self.parts:
            self.random_state = get_random_state()

    @torch.no_grad()
    def restore(self) -> None:
        """Put everything back, in place: addresses stay the same."""
        if 'weights' in self.parts:
            torch._foreach_copy_(self.parameters, self.weights)
        if 'buffers' in self.parts:
            for buffer, saved in zip(self.buffers, self.statistics):
                buffer.copy_(saved)
        if 'optimizer' in self.parts:
            self._restore_optimizer()
        if 'random' in self.parts:
            set_random_state(self.random_state)

    def _restore_optimizer(self) -> None:
        """Put moments, gradients and counters back."""
        for weight, gradient in zip(self.parameters, self.gradients):
            weight.grad = None if gradient is None else gradient.clone()
        # Loading keeps the tensors it is given and drops some keys, so that
        # each restore needs a separate copy.
        state = copy.deepcopy(self.optimizer)
        self._keep_lowered_scale(state)
        self.optim_wrapper.load_state_dict(state)
        self.optim_wrapper._inner_count = self.step_count

    def _keep_lowered_scale(self, state: dict[str, Any]) -> None:
        """Leave the loss scale low where a virtual step has overflowed.

        The real step is the same step: with the old scale it would overflow
        too and be lost.
        """
        if state.get('loss_scaler'):
            now = self.optim_wrapper.loss_scaler.state_dict()
            if now['scale'] < state['loss_scaler']['scale']:
                state['loss_scaler'] = now
