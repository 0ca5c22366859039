"""One training from one config."""
import logging
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmseg_fst.config.config_file import CONFIG_JSON, save_config
from mmseg_fst.utils.checkpoint import guard_loading
from mmseg_fst.utils.programs import program
from mmseg_fst.utils.settings import Change

from .choose_checkpoint import choose_checkpoint
from .launch import build_runner, explain_lost_process, join_processes
from .resumed_settings import changed_settings
from .score_files import (
    final_warnings,
    format_scores,
    read_protocol,
    read_scores,
)
from .short_log import start_summary


def train_once(cfg: Config,
               resume: bool = False,
               trust: bool = False,
               hooks: Sequence[Hook] = ()) -> str:
    """Train, validate, and say where everything is.

    Args:
        cfg (Config): Config of :func:`load_config`, without ``stages``.
        resume (bool): Whether to go on from the newest whole checkpoint in
            the work folder, if there is one. Defaults to False.
        trust (bool): Whether to run code that ``load_from``, a checkpoint to
            resume or pretrained weights ask for. Defaults to False.
        hooks (Sequence[Hook]): Hooks that are not settings of the run, such
            as a progress bar. Defaults to none.

    Returns:
        str: The work folder.

    Raises:
        UnsafeCheckpoint: If one of them holds more than data and is not
            trusted, or all to resume are damaged; before the first iteration.
        ForeignCheckpoint: If settings have changed that cannot change within
            a run, see :func:`changed_settings`.
        LostProcess: If another process of the run has ended.
        ValueError: See :func:`prepare_processes` and :func:`build_runner`.
    """
    join_processes(cfg)
    checkpoint = choose_checkpoint(cfg.work_dir) if resume else None
    cfg.resume = checkpoint is not None
    changes: list[Change] = []
    if checkpoint is not None:
        changes = changed_settings(cfg, checkpoint, trust)
        cfg.load_from = checkpoint
    guard_loading(trust)
    runner = build_runner(cfg, changes)
    for hook in (ConfigHook(), *hooks):
        runner.register_hook(hook)
    print_log(start_summary(runner.cfg), 'current')
    with explain_lost_process():
        runner.train()
    if is_main_process() and runner.val_loop is not None:
        print(f'\nProtocol: {read_protocol(runner.work_dir)}\n'
              f'{format_scores(read_scores(runner.work_dir))}')
        for warning in final_warnings(runner.work_dir):
            print(f'Warning: {warning}')
        print(f'Result folder: {runner.work_dir}\n'
              f'Curves: tensorboard --logdir {runner.work_dir}\n'
              'Test and see predictions: '
              f'{program("test")} {runner.work_dir}\n'
              f'Report: {program("report")} {runner.work_dir}')
    return runner.work_dir


class ConfigHook(Hook):
    """Leave the config of a run in its folder when the training begins.

    Before that a checkpoint to resume, or the weights to start from, may be
    refused; the folder then still has the config of the earlier run.
    """

    priority = 'LOWEST'

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Write the config.

        Args:
            runner (Runner): The runner of the training.
        """
        leave_config(runner.cfg, runner.work_dir)


def leave_config(cfg: Config, folder: str) -> None:
    """Write the config as data, beside the Python that mmengine writes.

    Where it holds more than data, a warning says so and no file is left, not
    even that of an earlier run.

    Args:
        cfg (Config): Config of a run.
        folder (str): Its folder.
    """
    try:
        save_config(cfg, folder)
    except TypeError as error:
        Path(folder, CONFIG_JSON).unlink(missing_ok=True)
        print_log(f'{error} Until then the .py is read, and run, by whoever '
                  'uses the checkpoints.', 'current', logging.WARNING)
