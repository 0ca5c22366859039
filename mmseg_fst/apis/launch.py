"""From a config to a runner: several processes, layout in memory."""
import os
from datetime import timedelta

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import init_dist, is_distributed
from mmengine.runner import Runner
from torch import distributed

from mmseg_fst.engine.hooks import (FiniteGuardHook, PrepareModelHook,
                                    ResumeHook, SeedIterationHook)


def prepare_processes(cfg: Config) -> None:
    """Let a run of several processes do without GPUs.

    mmengine's launchers expect an accelerator for each process. Where there
    is none, the processes of ``torchrun`` are joined here, over gloo.

    Args:
        cfg (Config): Config of a run; ``launcher`` says what has started the
            processes. Changed in place.

    Raises:
        ValueError: If there is no GPU and the launcher is not ``torchrun``.
    """
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none' or get_device() != 'cpu':
        return
    if launcher != 'pytorch':
        raise ValueError(
            f'--launcher {launcher} needs a GPU for each process, and there '
            'is none here; on CPUs use: torchrun --nproc_per_node N '
            'tools/train.py CONFIG --launcher pytorch')
    if not distributed.is_initialized():
        distributed.init_process_group('gloo')
    wrapper = cfg.get('model_wrapper_cfg') or dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False))
    cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)


def join_processes(cfg: Config) -> None:
    """Join the processes of a run before there is a runner, which else does.

    Args:
        cfg (Config): Config of a run; see :func:`prepare_processes`.

    Raises:
        ValueError: See :func:`prepare_processes`.
    """
    prepare_processes(cfg)
    if cfg.get('launcher', 'none') != 'none' and not is_distributed():
        init_dist(cfg.launcher, **cfg.env_cfg.get('dist_cfg', {}))


def wait_for_all() -> None:
    """Return when all processes are here, however long it takes."""
    if not is_distributed():
        return
    # The barrier of the processes' own group gives up after some minutes,
    # while one of them may label thousands of images.
    group = distributed.new_group(backend='gloo', timeout=timedelta(days=30))
    distributed.barrier(group)
    distributed.destroy_process_group(group)


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a config.

    Args:
        cfg (Config): Config of a run. ``channels_last=True`` lays weights
            out as NHWC, and with them what convolutions compute: faster for
            convolutional networks, the same up to rounding.
            ``non_finite`` holds arguments of :class:`FiniteGuardHook`.

    Returns:
        Runner: Built, not started.

    Raises:
        ValueError: If one of them is out of its range.
    """
    if cfg.get('randomness', {}).get('deterministic', False):
        # Read by cuBLAS when it is first used; without it PyTorch refuses.
        os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')
    runner = Runner.from_cfg(cfg)
    for hook in (PrepareModelHook(), SeedIterationHook(), ResumeHook(),
                 FiniteGuardHook(**cfg.get('non_finite', {}))):
        runner.register_hook(hook)
    if cfg.get('channels_last', False):
        runner.model.to(memory_format=torch.channels_last)
    return runner
