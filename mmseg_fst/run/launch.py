"""From a config to a runner: several processes, layout in memory."""
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Union

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import get_rank, init_dist, is_distributed
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.models.segmentors import EncoderDecoder
from torch import distributed, nn

from mmseg_fst.config.batch_sizes import apply_batch_sizes
from mmseg_fst.engine.hooks import (
    CollapsedClassHook,
    DataCheckHook,
    FiniteGuardHook,
    PrepareModelHook,
    ResumeHook,
    SeedIterationHook,
)
from mmseg_fst.models import (
    ScaleAttentionHead,
    fuse_attention,
    heads_of,
    split_dilated,
)
from mmseg_fst.utils.checks import LostProcess
from mmseg_fst.utils.formatter import import_formatter
from mmseg_fst.utils.memory import keep_freed_memory
from mmseg_fst.utils.settings import Change, training_settings

from .short_log import ShortLogRunner
from .teacher_runs import TeacherRunsHook


def prepare_processes(cfg: Config) -> None:
    """Let a run of several processes do without GPUs.

    mmengine's launchers expect an accelerator for each process. Where there
    is none, the processes of ``torchrun`` are joined here, over gloo.

    Args:
        cfg (Config): Config of a run; ``launcher`` says what has started the
            processes. Changed in place.

    Raises:
        ValueError: If there is no GPU and the launcher is not ``torchrun``,
            or it has not started this process.
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
        if 'RANK' not in os.environ:
            raise ValueError(
                '--launcher pytorch, but RANK is not set: start the '
                'processes with torchrun --nproc_per_node N tools/train.py '
                'CONFIG --launcher pytorch, or leave --launcher out.')
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


@contextmanager
def explain_lost_process() -> Iterator[None]:
    """Say so where an error only means that another process has ended.

    ``torchrun`` shows the first failed process, which may be one that waited
    for the other.

    Raises:
        LostProcess: In place of the error of gloo, NCCL or the store.
    """
    try:
        yield
    except RuntimeError as error:
        lost = isinstance(error, distributed.DistNetworkError) or re.search(
            'gloo/transport|ncclRemoteError', str(error))
        if not lost or not is_distributed():
            raise
        raise LostProcess(
            f'Process {get_rank()} cannot go on: another process of this run '
            'has ended or cannot be reached. Its own message, if any, stands '
            'above; one without was killed, mostly for want of memory (see '
            '`dmesg`). The same command with --resume goes on from the last '
            'checkpoint.') from error


def wait_for_all() -> None:
    """Return when all processes are here, however long it takes."""
    if not is_distributed():
        return
    # The barrier of the processes' own group gives up after some minutes,
    # while one of them may label thousands of images.
    group = distributed.new_group(backend='gloo', timeout=timedelta(days=30))
    distributed.barrier(group)  # type: ignore[arg-type]  # all are members
    distributed.destroy_process_group(group)


def build_runner(cfg: Config, changes: Sequence[Change] = ()) -> Runner:
    """Build the runner of a config.

    Args:
        cfg (Config): Config of a run; ``channels_last``, ``fused_attention``
            and ``compile_networks`` are passed to :func:`speed_up`. On a CPU,
            ``keep_freed_memory=False`` gives memory back to the system at
            every step, and ``split_dilated=False`` leaves dilated depthwise
            convolutions to oneDNN, see
            :func:`mmseg_fst.models.split_dilated`. ``non_finite`` holds
            arguments of :class:`FiniteGuardHook`; None leaves it out, and
            with it the one wait for the device in each step. ``data_check``
            holds arguments of :class:`DataCheckHook`; None leaves it out.
        changes (Sequence[Change]): What differs from the settings of the
            checkpoint that is resumed. Defaults to ().

    Returns:
        Runner: Built, not started. On CPUs ``sync_bn`` has no effect.

    Raises:
        ValueError: If the config has no model, or a value of these keys is
            out of its range.
    """
    if 'model' not in cfg:
        raise ValueError(
            f'{cfg.filename} has no `model`, so it is not the config of a '
            'run; use --grid for a table of configs.')
    if cfg.get('randomness', {}).get('deterministic', False):
        # Read by cuBLAS when it is first used; without it PyTorch refuses.
        os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')
    if get_device() == 'cpu' and cfg.get('keep_freed_memory', True):
        keep_freed_memory()
    if isinstance(cfg.get('visualizer'), dict):
        # MMSegmentation's configs name it, mmengine keeps one of each name:
        # the next run of the process would log into this one's folder.
        cfg.visualizer.pop('name', None)
    apply_batch_sizes(cfg)
    import_formatter()  # Runner logs the formatted config
    settings = training_settings(cfg.to_dict())
    if get_device() == 'cpu' and cfg.get('sync_bn') and is_distributed():
        print_log('sync_bn needs GPUs: on CPUs, batch normalization of each '
                  'process uses its own images alone.', 'current')
        cfg.sync_bn = None
    runner = ShortLogRunner.from_cfg(cfg)
    if get_device() == 'cpu' and cfg.get('split_dilated', True):
        split_dilated(runner.model)
    hooks = [PrepareModelHook(), SeedIterationHook(),
             ResumeHook(settings, changes), CollapsedClassHook(),
             TeacherRunsHook()]
    guard = cfg.get('non_finite', {})
    if guard is not None:
        hooks.append(FiniteGuardHook(**guard))
    check = cfg.get('data_check', {})
    if check is not None:
        hooks.append(DataCheckHook(**check))
    for hook in hooks:
        runner.register_hook(hook)
    speed_up(runner.model, **{
        key: cfg[key]
        for key in ('channels_last', 'fused_attention', 'compile_networks')
        if key in cfg
    })
    return runner


def speed_up(model: nn.Module,
             channels_last: bool = False,
             fused_attention: bool = False,
             compile_networks: Union[bool, dict[str, Any]] = False) -> None:
    """Let all networks of a model compute faster, the same up to rounding.

    Parameters keep their names and stay where they are, as hooks need it. Call
    this before they are initialized or loaded: another layout is initialized
    in another order.

    Args:
        model (nn.Module): A segmentor; changed in place.
        channels_last (bool): Whether to lay weights out as NHWC, and with
            them what convolutions compute. Defaults to False.
        fused_attention (bool): Whether to fuse the attention of MiT and Swin,
            see :func:`mmseg_fst.models.fuse_attention`. Defaults to False.
        compile_networks (bool | dict): Whether to compile backbones and
            heads of all but a frozen encoder, or arguments of
            :func:`torch.compile`. Takes minutes at the start. Defaults to
            False.

    Raises:
        ValueError: If there is no attention to fuse.
    """
    if channels_last:
        model.to(memory_format=torch.channels_last)
    if fused_attention and not fuse_attention(model):
        raise ValueError(
            'fused_attention=True, but the model has no attention of MiT or '
            'Swin; take the key out.')
    if compile_networks is False:
        return
    # A kept graph goes backward twice, see `resample_mix` of FSTHook.
    torch._functorch.config.donated_buffer = False
    options = {} if compile_networks is True else compile_networks
    for network in model.modules():
        if isinstance(network, EncoderDecoder):
            for part in _parts_of(network):
                part.compile(**options)


def _parts_of(network: EncoderDecoder) -> Iterator[nn.Module]:
    """The parts of a network that are called as they are, from tensors."""
    yield network.backbone
    for head in heads_of(network).values():
        if isinstance(head, ScaleAttentionHead):
            # Of itself another box in each step would be another program.
            yield from (head.head, head.scale_attention)
        else:
            yield head
