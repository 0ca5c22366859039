"""Settings of a resumed run against the settings of its checkpoint."""
import re
from collections.abc import Sequence
from os import path as osp
from typing import Optional

from mmengine.config import Config

from mmseg_fst.config.batch_sizes import apply_batch_sizes
from mmseg_fst.config.config_file import CONFIG_JSON, open_config
from mmseg_fst.engine.hooks.resume_hook import SETTINGS
from mmseg_fst.utils.checkpoint import (
    ForeignCheckpoint,
    iteration_of,
    read_checkpoint,
)
from mmseg_fst.utils.settings import (
    Change,
    compare_settings,
    training_settings,
)

# What cannot change within a run: a pattern of keys, and what it is.
_FIXED = {
    r'model\.protocol\b': 'the evaluation protocol',
    r'model\.type': 'the method',
    r'(.*\.)?init_cfg\b.*': 'the initial weights',
    r'model\.(?!.*\bloss_\w+)(.*\.)?(segmentor|students|backbone|neck|'
    r'\w*head)\.(?!test_cfg|.*(drop\w*_\w+|align_corners)$).*':
    'the network',
    r'model\.(.*\.)?type': 'the method',
    r'model\.teachers': 'the teachers',
    r'custom_hooks\.\d+\.type': 'the hooks',
    r'optim_wrapper\.(.*\.)?(constructor|optimizer\.type)': 'the optimizer',
    r'(train|val)_dataloader\.dataset\.(.*\.)?'
    r'((extra_)?ann_file|indices|type|metainfo\.classes|reduce_zero_label)':
    'the data and their transforms',
    r'default_hooks\.checkpoint\.(save_best|rule)':
    'the score of the best checkpoint',
    r'randomness\.(seed|diff_rank_seed)': 'the seed',
}
# Lists that ST++ writes from a checkpoint of the first stage, which may have
# trained further.
_RANKED = re.compile(r'ranking_iter_\d+')
_MAX_SHOWN = 8


def settings_of(cfg: Config) -> dict[str, str]:
    """Settings of a run, as its checkpoints contain them.

    Args:
        cfg (Config): Config of the run; batch sizes of single sides are
            completed in place.

    Returns:
        dict[str, str]: See :func:`training_settings`.
    """
    apply_batch_sizes(cfg)
    return training_settings(cfg.to_dict())


def changed_settings(cfg: Config,
                     checkpoint: str,
                     trust: bool = False) -> list[Change]:
    """Compare the settings of a run with its checkpoint to resume from.

    Args:
        cfg (Config): Config of the run, with its ``work_dir``.
        checkpoint (str): The checkpoint. One of an earlier version does not
            contain settings; ``config.json`` beside it is read instead.
        trust (bool): See :func:`read_checkpoint`. Defaults to False.

    Returns:
        list[Change]: What differs and takes effect from now on.

    Raises:
        ForeignCheckpoint: If something differs that cannot change within a
            run, or the run would end before the iteration of the checkpoint.
    """
    hub = read_checkpoint(checkpoint, trust, mmap=True).get('message_hub', {})
    before = hub.get('runtime_info', {}).get(SETTINGS)
    changes = (recorded_changes(cfg) if before is None else
               compare_settings(before, settings_of(cfg)))
    _refuse(changes, checkpoint)
    reached = iteration_of(checkpoint) or 0
    length = (cfg.get('train_cfg') or {}).get('max_iters', reached)
    if reached > length:
        raise ForeignCheckpoint(
            f'{checkpoint} has more iterations than train_cfg.max_iters='
            f'{length}. Raise it, or start a new run with '
            '--work-dir FOLDER and without --resume.')
    return changes


def recorded_changes(cfg: Config) -> list[Change]:
    """Compare the settings of a run with ``config.json`` in its folder.

    Args:
        cfg (Config): Config of the run, with its ``work_dir``.

    Returns:
        list[Change]: What differs; nothing if there is no such file.
    """
    path = osp.join(cfg.work_dir, CONFIG_JSON)
    if not osp.isfile(path):
        return []
    return compare_settings(settings_of(open_config(path)), settings_of(cfg))


def finished_note(cfg: Config) -> str:
    """Say that a finished run was trained with other settings.

    Args:
        cfg (Config): Config of the run, with its ``work_dir``.

    Returns:
        str: A sentence that names the differences; empty if there are none,
        or for a run in stages, whose folder has the config of the last one.
    """
    changes = [] if cfg.get('stages') else recorded_changes(cfg)
    if not changes:
        return ''
    return ('It was trained with other settings, and stays as it is: '
            f'{format_changes(changes)}. Move {cfg.work_dir} away to train '
            'again.')


def _fixed_part(change: Change) -> Optional[str]:
    """Which part of a run a change concerns that cannot change, if any."""
    if _RANKED.sub('', change.old or '') == _RANKED.sub('', change.new or ''):
        return None
    return next((what for pattern, what in _FIXED.items()
                 if re.fullmatch(pattern, change.key)), None)


def _refuse(changes: Sequence[Change], checkpoint: str) -> None:
    """Raise on a change of what cannot change within a run."""
    fixed = {change: what for change in changes
             if (what := _fixed_part(change)) is not None}
    if not fixed:
        return
    kinds = ' and '.join(dict.fromkeys(fixed.values()))
    raise ForeignCheckpoint(
        f'--resume cannot change {kinds} of a run. {checkpoint} was trained '
        f'with other settings: {format_changes(list(fixed))}. Resume with the '
        'former values, or start a new run: without --resume, with --work-dir '
        'FOLDER (and --cfg-options '
        f'load_from={checkpoint} to start from its weights).')


def format_changes(changes: Sequence[Change]) -> str:
    """Name changes in a sentence.

    Args:
        changes (Sequence[Change]): The changes.

    Returns:
        str: The first of them, and the number of the others.
    """
    text = '; '.join(map(str, changes[:_MAX_SHOWN]))
    more = len(changes) - _MAX_SHOWN
    return f'{text}; and {more} more' if more > 0 else text
