"""The state of the process that calls, before and after a training."""
import logging
import multiprocessing
import os
import random
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import (
    ExitStack,
    contextmanager,
    redirect_stderr,
    redirect_stdout,
)
from pathlib import Path
from typing import Optional

import cv2
import mmengine.device.utils as device_utils
import numpy as np
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer
from mmseg.visualization import SegLocalVisualizer

from .errors import SelfTrainError

# Classes of mmengine that have a current instance.
_MANAGED = (MMLogger, MessageHub, DefaultScope, Visualizer, SegLocalVisualizer)


@contextmanager
def caller_state() -> Iterator[None]:
    """Restore what a training changes in its process.

    These are the random states of Python, NumPy and PyTorch, the environment
    variables, the filters of warnings, the loggers, message hubs, scopes and
    visualizers of mmengine, the number of threads of OpenCV, the start method
    of processes, and the flags of cuDNN. What remains: imported modules and
    registered classes; mmengine's reader of checkpoints, which reads data
    alone; the limit of open files; and, on a CPU, freed memory, which the
    process retains.
    """
    with ExitStack() as undo:
        undo.callback(random.setstate, random.getstate())
        undo.callback(np.random.set_state, np.random.get_state())
        undo.callback(torch.set_rng_state, torch.get_rng_state())
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            undo.callback(torch.cuda.set_rng_state_all,
                          torch.cuda.get_rng_state_all())
        undo.callback(_set_environment, dict(os.environ))
        undo.callback(cv2.setNumThreads, cv2.getNumThreads())
        undo.callback(
            lambda method: multiprocessing.set_start_method(method, True),
            multiprocessing.get_start_method(allow_none=True))
        for name in ('benchmark', 'deterministic'):
            undo.callback(setattr, torch.backends.cudnn, name,
                          getattr(torch.backends.cudnn, name))
        undo.callback(torch.use_deterministic_algorithms,
                      torch.are_deterministic_algorithms_enabled())
        undo.enter_context(warnings.catch_warnings())
        undo.enter_context(fresh_instances())
        # No threads of OpenCV, which could hold a lock while workers fork.
        cv2.setNumThreads(0)
        yield


@contextmanager
def fresh_instances() -> Iterator[None]:
    """Begin without instances of mmengine, and end with the former ones.

    Instances are named by the second: a run that begins within a second of
    another would log to its folder.
    """
    with ExitStack() as undo:
        for kind in _MANAGED:
            undo.callback(setattr, kind, '_instance_dict',
                          kind._instance_dict)
            kind._instance_dict = OrderedDict()
        undo.callback(_close_loggers)  # the new ones: callbacks run in reverse
        yield


def _set_environment(values: dict[str, str]) -> None:
    """Make the environment variables what they were."""
    for name in set(os.environ) - set(values):
        del os.environ[name]
    os.environ.update(values)


def _close_loggers() -> None:
    """Close the log files of the present loggers."""
    for logger in MMLogger._instance_dict.values():
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler):
                handler.close()


@contextmanager
def output_to(path: Path) -> Iterator[None]:
    """Append to a file what is printed, warnings included.

    Args:
        path (Path): The file.
    """
    with open(path, 'a', buffering=1, encoding='utf-8') as file:
        with redirect_stdout(file), redirect_stderr(file):
            yield


@contextmanager
def on_device(name: Optional[str]) -> Iterator[None]:
    """Train on a device.

    Args:
        name (str, optional): Such as ``'cpu'``, ``'cuda'`` or ``'cuda:1'``;
            None for a GPU if there is one.

    Raises:
        SelfTrainError: If there is no such device.
    """
    if name is None:
        yield
        return
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise SelfTrainError(f"device={name!r}: {error} Use 'cpu', 'cuda' or "
                             "'cuda:N'.") from error
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.type == 'cuda' and (device.index or 0) >= gpus:
        raise SelfTrainError(f'device={name!r}, but PyTorch finds {gpus} GPUs '
                             "here. Use device='cpu', or leave it out.")
    before = device_utils.DEVICE
    device_utils.DEVICE = device.type
    try:
        with ExitStack() as stack:
            if device.type == 'cuda' and device.index is not None:
                stack.enter_context(torch.cuda.device(device.index))
            yield
    finally:
        device_utils.DEVICE = before
