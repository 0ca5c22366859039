"""From a config to a runner: several processes, layout in memory."""
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import Runner
from torch import distributed


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


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a config.

    Args:
        cfg (Config): Config of a run. ``channels_last=True`` lays weights
            out as NHWC, and with them what convolutions compute: faster for
            convolutional networks, the same up to rounding.

    Returns:
        Runner: Built, not started.
    """
    runner = Runner.from_cfg(cfg)
    if cfg.get('channels_last', False):
        runner.model.to(memory_format=torch.channels_last)
    return runner
