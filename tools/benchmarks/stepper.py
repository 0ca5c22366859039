"""A training step, made outside of a run, so that it can be timed."""
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
    """The whole training step of a config, with its hooks.

    Args:
        cfg (Config): Config of a run on data that are there, see
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
        """Make one iteration."""
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
        """Forward passes of each network in one iteration.

        Returns:
            dict[str, int]: By ``student``, ``teacher`` and ``encoder``.
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
    """Seconds that a model spends in its networks, forward and backward.

    Counts between ``with`` and its end. Machines get slower and faster; what
    is left of a step without its passes is too short for that to matter.

    Args:
        model (nn.Module): With ``student``, ``teacher`` and
            ``pretrained_encoder``, of which the last two may be None.

    Attributes:
        seconds (float): So far.
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
            found = differentiate(*args, **options)
            self._stop()
            return found

        return run


def seconds_of(work: Callable[[], Any]) -> float:
    """Time that some work takes, with what the device has left to do.

    Args:
        work (Callable): What is to be timed.

    Returns:
        float: Seconds.
    """
    wait()
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start


def wait() -> None:
    """Wait for the device."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_megabytes() -> float:
    """Peak of the device's memory, or of this process's on a CPU.

    Returns:
        float: In MiB.
    """
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    status = Path('/proc/self/status')
    if status.is_file():
        # ru_maxrss of a process starts at what its parent held.
        line = next(
            line for line in status.read_text().splitlines()
            if line.startswith('VmHWM'))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
