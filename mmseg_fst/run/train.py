"""The way from a config file to a trained model.

``run_experiments.py`` and ``tools/train.py`` call :func:`start_training`::

    start_training
      load_config        file, options, partition, seed, split, folder; checked
      train
        train_once       one run
        train_stages     instead of it, if the config has `stages` (ST++)
"""
from typing import Any, Optional, Union

from mmengine.config import Config

from mmseg_fst.utils.messages import one_message

from .run_config import load_config
from .selection import LABELS
from .stages import train_stages
from .train_once import train_once


def start_training(config: str,
                   options: Optional[dict[str, Any]] = None,
                   *,
                   seed: Optional[int] = None,
                   split: Optional[Union[int, str]] = None,
                   partition: Optional[str] = None,
                   work_dir: Optional[str] = None,
                   debug: bool = False,
                   launcher: Optional[str] = None,
                   resume: bool = False,
                   trust: bool = False,
                   select: str = LABELS,
                   name: str = '',
                   changes: Optional[dict[str, Any]] = None) -> str:
    """Train a config file as a command line asks for.

    Args:
        config (str): See :func:`load_config`.
        options (dict, optional): See :func:`load_config`. Defaults to None.
        seed (int, optional): See :func:`load_config`. Defaults to None.
        split (int | str, optional): See :func:`load_config`. Defaults to
            None.
        partition (str, optional): See :func:`load_config`. Defaults to None.
        work_dir (str, optional): See :func:`load_config`. Defaults to None.
        debug (bool): See :func:`load_config`. Defaults to False.
        launcher (str, optional): What has started the processes, such as
            ``'pytorch'``. Defaults to None: the config's.
        resume (bool): See :func:`train`. Defaults to False.
        trust (bool): See :func:`train`. Defaults to False.
        select (str): See :func:`load_config`. Defaults to ``'labels'``.
        name (str): See :func:`load_config`. Defaults to ``''``.
        changes (dict, optional): See :func:`load_config`. Defaults to None.

    Returns:
        str: The work folder.

    Raises:
        SystemExit: With one clear message, see :func:`one_message`.
    """
    with one_message():
        cfg = load_config(
            config, options, seed, work_dir, debug, split=split,
            partition=partition, select=select, name=name, changes=changes)
        if launcher is not None:
            cfg.launcher = launcher
    with one_message(cfg.work_dir, cfg.to_dict()):
        return train(cfg, resume, trust)


def train(cfg: Config, resume: bool = False, trust: bool = False) -> str:
    """Train, validate, and say where everything is.

    Args:
        cfg (Config): Config of :func:`load_config`; with ``stages`` all of
            them are trained, see :func:`train_stages`.
        resume (bool): Whether to continue from the newest whole checkpoint in
            the work folder, if there is one. Defaults to False.
        trust (bool): Whether to run code that ``load_from``, a checkpoint to
            resume or pretrained weights ask for. Defaults to False.

    Returns:
        str: The work folder.

    Raises:
        UnsafeCheckpoint: See :func:`train_once`.
        LostProcess: See :func:`train_once`.
        ValueError: See :func:`train_once`.
    """
    run = train_stages if cfg.get('stages') else train_once
    return run(cfg, resume, trust)
