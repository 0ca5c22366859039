"""Timing of a training step outside of a run."""
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.registry import init_default_scope
from torch import nn

from mmseg_fst.apis import build_runner
from mmseg_fst.models import heads_of


class Stepper:
    """The complete training step of a config, with its hooks.

    Args:
        cfg (Config): Config of a run whose data exist, see
            :func:`use_random_images`.
    """

    def __init__(self, cfg: Config) -> None:
        init_default_scope('mmseg_fst')
        MessageHub._instance_dict.clear()
        with tempfile.TemporaryDirectory() as work_dir:
            cfg.work_dir = work_dir
            runner = build_runner(cfg)
        runner._train_loop = runner.build_train_loop(runner._train_loop)
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        runner.scale_lr(runner.optim_wrapper, None)
        if runner.param_schedulers:
            runner.param_schedulers = runner.build_param_scheduler(
                runner.param_schedulers)
        runner.optim_wrapper.initialize_count_status(
            runner.model, 0, runner.max_iters)
        runner._init_model_weights()
        runner.call_hook('before_train')
        runner.call_hook('before_train_epoch')
        runner.model.train()
        self.runner = runner
        self.batch = next(runner.train_loop.dataloader_iterator)

    def __call__(self) -> None:
        """Run one iteration."""
        runner = self.runner
        runner.call_hook(
            'before_train_iter', batch_idx=0, data_batch=self.batch)
        outputs = runner.model.train_step(
            self.batch, optim_wrapper=runner.optim_wrapper)
        runner.call_hook(
            'after_train_iter', batch_idx=0, data_batch=self.batch,
            outputs=outputs)
        runner.train_loop._iter += 1

    def passes(self) -> dict[str, int]:
        """Count the forward passes of each network in one iteration.

        Returns:
            dict[str, int]: Passes of ``student``, ``teacher`` and
            ``encoder``.
        """
        model, counts = self.runner.model, Counter()
        networks = dict(student=model.student.backbone)
        if model.teacher is not None:
            networks['teacher'] = model.teacher.backbone
        if model.pretrained_encoder is not None:
            networks['encoder'] = model.pretrained_encoder
        handles = [
            network.register_forward_hook(
                lambda *_, name=name: counts.update([name]))
            for name, network in networks.items()
        ]
        self()
        for handle in handles:
            handle.remove()
        return {name: counts[name] for name in networks}


class PassClock:
    """Context manager that times the forward and backward passes of a model.

    The remaining time of a step is short, so the drift of the machine's speed
    hardly affects it.

    Args:
        model (nn.Module): Model with ``student``, ``teacher`` and
            ``pretrained_encoder``; the last two may be None.

    Attributes:
        seconds (float): Seconds of the passes so far.
    """

    def __init__(self, model: nn.Module) -> None:
        self.seconds = 0.
        parts = [model.pretrained_encoder]
        for network in (model.student, model.teacher):
            if network is not None:
                parts += [network.backbone, *heads_of(network).values()]
        self.parts = [part for part in parts if part is not None]
        self.stack = ExitStack()

    def __enter__(self) -> 'PassClock':
        self.seconds = 0.
        for part in self.parts:
            handles = (part.register_forward_pre_hook(self._start),
                       part.register_forward_hook(self._stop))
            for handle in handles:
                self.stack.callback(handle.remove)
        for owner, name in ((torch.autograd, 'grad'),
                            (torch.Tensor, 'backward')):
            self.stack.enter_context(
                mock.patch.object(owner, name, self._timed(
                    getattr(owner, name))))
        return self

    def __exit__(self, *error: Any) -> None:
        self.stack.close()

    def _start(self, *_: Any) -> None:
        wait()
        self.start = time.perf_counter()

    def _stop(self, *_: Any) -> None:
        wait()
        self.seconds += time.perf_counter() - self.start

    def _timed(self, differentiate: Callable) -> Callable:
        def run(*args: Any, **options: Any) -> Any:
            self._start()
            gradients = differentiate(*args, **options)
            self._stop()
            return gradients

        return run


def seconds_of(work: Callable[[], Any]) -> float:
    """Time a call, including its pending work on the device.

    Args:
        work (Callable): Function to time.

    Returns:
        float: Seconds.
    """
    wait()
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start


def wait() -> None:
    """Synchronize with the device."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_megabytes() -> float:
    """Return the peak memory of the device, or on a CPU of the process.

    Returns:
        float: Peak memory in MiB.
    """
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    status = Path('/proc/self/status')
    if status.is_file():
        # ru_maxrss starts at the memory of the parent process.
        line = next(
            line for line in status.read_text().splitlines()
            if line.startswith('VmHWM'))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
