"""Runs of seconds that touch every part of a config: does it run at all?"""
from typing import Any, Optional

from mmengine.config import Config

from mmseg_fst.config.options import is_given, set_unless_given

#: Stands in paths of checkpoints for the folder of the same seed and split.
RUN = '{run}'


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
    _remove_run_weights(cfg._cfg_dict)


def _short_settings(cfg: Config) -> dict[str, Any]:
    """Settings of a short run, by dotted key."""
    no_workers = dict(num_workers=0, persistent_workers=False)
    settings: dict[str, Any] = {
        'train_cfg': dict(max_iters=4, val_interval=2),
        'default_hooks.logger.interval': 1,
        'default_hooks.checkpoint.interval': 2,
        'train_dataloader': no_workers,
        'val_dataloader': dict(no_workers, dataset=dict(indices=4)),
        # A short run leaves no checkpoint for others to start from.
        'load_from': None
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


def _remove_run_weights(node: Any) -> None:
    """Remove initial weights that another run leaves, in place."""
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, (dict, list)):
            _remove_run_weights(value)
    start = node.get('init_cfg') if isinstance(node, dict) else None
    if isinstance(start, dict) and RUN in str(start.get('checkpoint')):
        node['init_cfg'] = None
