"""Runs of seconds that touch every part of a config: does it run at all?"""
import re
from collections.abc import Collection, Iterator
from os import path as osp
from typing import Any, Optional

from mmengine.config import Config

from mmseg_fst.config.options import is_given, set_unless_given
from mmseg_fst.config.run_folder import find_checkpoint

#: Stands in paths of checkpoints for the folder of the same seed and split.
RUN = '{run}'
_SEED = re.compile(r'(?<=/)seed_\d+(_split-[^/]+)?(?=/|$)')


def shorten(cfg: Config, options: Optional[dict[str, Any]] = None) -> None:
    """Shorten a config to 4 iterations and 4 validation images.

    Args:
        cfg (Config): Config of a run; changed in place.
        options (dict, optional): Options that were merged into it; their
            values stay. Defaults to None.
    """
    for stage in ('first', 'second'):  # as long as the last one
        if not is_given(f'stages.{stage}', options):
            cfg.get('stages', {}).pop(stage, None)
    set_unless_given(cfg, _short_settings(cfg), options)
    if not is_given('test_dataloader', options):
        cfg.test_dataloader = cfg.val_dataloader
    if cfg.get('load_from') and not is_given('load_from', options):
        # A config without {run} starts from one seed.
        cfg.load_from = _SEED.sub(RUN, cfg.load_from)


def _short_settings(cfg: Config) -> dict[str, Any]:
    """Settings of a short run, by dotted key."""
    no_workers = dict(num_workers=0, persistent_workers=False)
    settings: dict[str, Any] = {
        'train_cfg': dict(max_iters=4, val_interval=2),
        'default_hooks.logger.interval': 1,
        'default_hooks.checkpoint.interval': 2,
        'train_dataloader': no_workers,
        'val_dataloader': dict(no_workers, dataset=dict(indices=4))
    }
    for name in ('mix_visualization', 'pseudo_label_quality'):
        if name in cfg.default_hooks:
            settings[f'default_hooks.{name}.interval'] = 1
    # All but the first iteration are of the method itself.
    if 'warmup_iters' in cfg.get('model', {}):
        settings['model.warmup_iters'] = min(cfg.model.warmup_iters, 1)
    for index, hook in enumerate(cfg.get('custom_hooks') or []):
        if 'copy_iters' in hook:
            settings[f'custom_hooks.{index}.copy_iters'] = min(
                hook.copy_iters, 1)
    return settings


def start_from_debug_runs(cfg: Config, run: str,
                          planned: Collection[str] = ()) -> list[str]:
    """Let a debug run start from debug runs, where it starts from a run.

    ``{run}`` in ``load_from``, or in the ``checkpoint`` of initial weights,
    stands for the folder of a debug run, whose checkpoint is taken. Where
    there is none, nothing is loaded. In ``teachers`` it stands for a debug
    run if there is one; else it stays, for the run of the same seed.

    Args:
        cfg (Config): Config of a short run; changed in place.
        run (str): Name of the folder of debug runs.
        planned (Collection[str]): Work folders of runs that will be trained
            before this one. Defaults to ().

    Returns:
        list[str]: A sentence for each place, which says what is loaded.
    """
    return list(_replace_starts(cfg._cfg_dict, '', run, planned))


def _replace_starts(node: Any, where: str, run: str,
                    planned: Collection[str]) -> Iterator[str]:
    """Replace paths of other runs in a part of a config."""
    keys = node if isinstance(node, dict) else range(len(node))
    for key in keys:
        value, place = node[key], f'{where}.{key}'.lstrip('.')
        path = value.get('checkpoint') if key == 'init_cfg' and isinstance(
            value, dict) else value if key == 'load_from' else None
        if key == 'teachers' and isinstance(value, list):
            node[key] = [
                path if _debug_checkpoint(folder, planned) is None else folder
                for path in map(str, value)
                for folder in [path.replace(RUN, run)]]
        elif isinstance(path, str) and RUN in path:
            start = _debug_checkpoint(path.replace(RUN, run), planned)
            if key == 'load_from':
                node[key] = start
            elif start is None:
                node[key] = None
            else:
                value['checkpoint'] = start
            yield _note_of(place, path.replace(RUN, run), start)
        elif isinstance(value, (dict, list)):
            yield from _replace_starts(value, place, run, planned)


def _folder_of(path: str) -> str:
    """The folder of a run: of a checkpoint in it, its parent."""
    return osp.dirname(path) if path.endswith('.pth') else path


def _debug_checkpoint(path: str, planned: Collection[str]) -> Optional[str]:
    """Checkpoint of a debug run; the path if that run is to be trained."""
    folder = _folder_of(path)
    if folder in planned:
        return path
    try:
        # The number of iterations in the path is that of a real run.
        return find_checkpoint(folder)
    except FileNotFoundError:
        return None


def _note_of(place: str, path: str, start: Optional[str]) -> str:
    """What to say of a start."""
    if start is None:
        return (f'{place}: there is no debug run in {_folder_of(path)}, so '
                'this debug run does not start from it. To test that too, '
                'name the config of that run first in the same command.')
    return f'{place}: this debug run starts from the debug run {start}.'
