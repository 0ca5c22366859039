"""Training from a config file."""
import logging
from collections.abc import Collection
from os import path as osp
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

from mmseg_fst.config.check_config import check_config
from mmseg_fst.config.config_file import (
    CONFIG_JSON,
    merge_options,
    read_python,
    save_config,
)
from mmseg_fst.config.partition import apply_partition
from mmseg_fst.utils.checkpoint import guard_loading

from .choose_checkpoint import choose_checkpoint
from .launch import build_runner, explain_lost_process, join_processes
from .score_files import format_scores, read_protocol, read_scores

#: Environment variable by which configs name a draw of labeled images.
SPLIT_SEED = 'SPLIT_SEED'
#: Stands in paths of checkpoints for the folder of the same seed and split.
RUN = '{run}'
#: Keys of a config that are such paths.
_PATHS = ('load_from', 'checkpoint')
#: Between the seed and the split in the name of a run's folder.
SPLIT_MARK = '_split-'


def default_work_dir(config: str,
                     seed: int,
                     debug: bool = False,
                     split: str = '0',
                     partition: str = '') -> str:
    """Folder of a run: ``work_dirs``, the config's path, the seed.

    Args:
        config (str): Path of the config file.
        seed (int): Seed of the run.
        debug (bool): Whether the run is a short one, which must not mix with
            the results of a real one. Defaults to False.
        split (str): Seed of the draw of the labeled images. Defaults to
            ``'0'``, which is not named in the folder.
        partition (str): Name of the partition of a config that has several.
            Defaults to ``''``.

    Returns:
        str: The folder, such as ``'work_dirs/ssl/voc_pspnet_fst_662/seed_0'``
        for partition 662 of ``configs/ssl/voc_pspnet_fst.py``.
    """
    stem = osp.splitext(config)[0]
    if partition:
        stem = f'{stem}_{partition}'
    parts = osp.normpath(stem).split(osp.sep)
    if 'configs' in parts:
        stem = osp.join(*parts[parts.index('configs') + 1:])
    else:
        stem = parts[-1]
    return osp.join('work_dirs', stem,
                    run_name('debug' if debug else f'seed_{seed}', split))


def run_name(name: str, split: str = '0') -> str:
    """Name of a run's folder: its seed and, but for 0, that of the split.

    Args:
        name (str): Such as ``'seed_0'``.
        split (str): Seed of the draw of labeled images. Defaults to
            ``'0'``.

    Returns:
        str: Such as ``'seed_0'`` or ``'seed_0_split-2'``.
    """
    return name if split == '0' else f'{name}{SPLIT_MARK}{split}'


def _shorten(cfg: Config) -> None:
    """Make of a config a run of seconds that touches every part."""
    cfg.train_cfg.update(max_iters=4, val_interval=2)
    for stage in ('first', 'second'):  # as long as the last one
        cfg.get('stages', {}).pop(stage, None)
    cfg.default_hooks.logger.interval = 1
    cfg.default_hooks.checkpoint.interval = 2
    for name in ('mix_visualization', 'pseudo_label_quality'):
        if name in cfg.default_hooks:
            cfg.default_hooks[name].interval = 1
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    cfg.val_dataloader.dataset['indices'] = 4
    cfg.test_dataloader = cfg.val_dataloader
    # All but the first iteration are of the method itself.
    model = cfg.get('model', {})
    if 'labeled_iters' in model:
        model['labeled_iters'] = min(model['labeled_iters'], 1)
    for hook in cfg.get('custom_hooks', []):
        if 'copy_iters' in hook:
            hook.copy_iters = min(hook.copy_iters, 1)
    # A short run leaves no checkpoint for others to start from.
    cfg.load_from = None
    _forget_runs(cfg._cfg_dict)


def _forget_runs(node: Any) -> None:
    """Take out initial weights that another run leaves, in place."""
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, (dict, list)):
            _forget_runs(value)
    start = node.get('init_cfg') if isinstance(node, dict) else None
    if isinstance(start, dict) and RUN in str(start.get('checkpoint')):
        node['init_cfg'] = None


def _fill(node: Any, run: str) -> None:
    """Put the folder of a run into the paths of checkpoints, in place."""
    if isinstance(node, list):
        for value in node:
            _fill(value, run)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in _PATHS and isinstance(value, str):
                node[key] = value.replace(RUN, run)
            else:
                _fill(value, run)


def read_config(config: str,
                options: Optional[dict[str, Any]] = None) -> Config:
    """Read a config file and fill in its partition.

    Args:
        config (str): Path of the config file.
        options (dict, optional): Values by dotted key, which win over the
            file and over what the partition says; ``partition`` is the name
            of one, as text. Defaults to None.

    Returns:
        Config: The config, as a run would have it.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If the config cannot be read, an option has no place in
            it, or of its partition, see :func:`apply_partition`.
    """
    cfg = read_python(config)
    merge_options(cfg, options)
    if not apply_partition(cfg) and 'partition' in (options or {}):
        raise ValueError(f'{config} has no partitions to choose from; leave '
                         '--partition out.')
    merge_options(cfg, options)
    return cfg


def load_config(config: str,
                options: Optional[dict[str, Any]] = None,
                seed: Optional[int] = None,
                work_dir: Optional[str] = None,
                debug: bool = False,
                planned: Collection[str] = ()) -> Config:
    """Read a config file and apply what was said on the command line.

    ``{run}`` in ``load_from``, or in the ``checkpoint`` of pretrained weights,
    becomes the folder of the same seed and split, such as ``seed_0``. Where a
    config has a ``seed_offset``, it is added to the seed: a second run of the
    same kind, with draws of its own.

    Args:
        config (str): Path of the config file.
        options (dict, optional): Values by dotted key, which win over the
            file. Defaults to None.
        seed (int, optional): Seed of the run. Defaults to None: the config's.
        work_dir (str, optional): Folder of the run. Defaults to None: the
            config's, or else one named after it.
        debug (bool): Whether to shorten the run to 4 iterations. Defaults to
            False.
        planned (Collection[str]): See :func:`check_config`. Defaults to ().

    Returns:
        Config: The config, checked.

    Raises:
        FileNotFoundError: If there is no such config, or what it names is
            missing on disk.
        ValueError: If the config has a key that is not known.
    """
    cfg = read_config(config, options)
    if debug:
        _shorten(cfg)
        merge_options(cfg, options)
    randomness = cfg.setdefault('randomness', dict(seed=0))
    seed = randomness.get('seed', 0) if seed is None else seed
    # Taken out: a config that was dumped has it added already.
    randomness['seed'] = seed + cfg.pop('seed_offset', 0)
    split = cfg.env_variables.get(SPLIT_SEED, '0')
    cfg.work_dir = work_dir or cfg.get('work_dir') or default_work_dir(
        config, seed, debug, split, cfg.get('partition', ''))
    _fill(cfg._cfg_dict, run_name(f'seed_{seed}', split))
    # For whoever builds a part of the config without a runner.
    init_default_scope(cfg.get('default_scope', 'mmseg_fst'))
    check_config(cfg, planned)
    return cfg


def train(cfg: Config, resume: bool = False, trust: bool = False) -> str:
    """Train, validate, and say where everything is.

    Args:
        cfg (Config): Config of :func:`load_config`.
        resume (bool): Whether to go on from the newest whole checkpoint in
            the work folder, if there is one. Defaults to False.
        trust (bool): Whether to run code that ``load_from``, a checkpoint to
            resume or pretrained weights ask for. Defaults to False.

    Returns:
        str: The work folder.

    Raises:
        UnsafeCheckpoint: If one of them holds more than data and is not
            trusted, or all to resume are damaged; before the first iteration.
        LostProcess: If another process of the run has ended.
        ValueError: See :func:`prepare_processes` and :func:`build_runner`.
    """
    join_processes(cfg)
    checkpoint = choose_checkpoint(cfg.work_dir) if resume else None
    cfg.resume = checkpoint is not None
    if cfg.resume:
        cfg.load_from = checkpoint
    guard_loading(trust)
    runner = build_runner(cfg)
    if is_main_process():
        leave_config(runner.cfg, runner.work_dir)
    with explain_lost_process():
        runner.train()
    if is_main_process() and runner.val_loop is not None:
        print(f'\nProtocol: {read_protocol(runner.work_dir)}\n'
              f'{format_scores(read_scores(runner.work_dir))}')
        print(f'Result folder: {runner.work_dir}\n'
              f'Curves: tensorboard --logdir {runner.work_dir}\n'
              f'Test and see predictions: sh test.sh {runner.work_dir}')
    return runner.work_dir


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
