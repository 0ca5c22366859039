"""Which checkpoint a run goes on from."""
import os
from typing import Optional

from mmengine.dist import broadcast_object_list, is_main_process

from mmseg_fst.config.run_folder import sorted_checkpoints
from mmseg_fst.utils.checkpoint import UnsafeCheckpoint, damage_of
from mmseg_fst.utils.run_logs import cut_logs


def choose_checkpoint(work_dir: str) -> Optional[str]:
    """Choose the last complete checkpoint, and print its name.

    One process chooses, the others wait for its choice.

    Args:
        work_dir (str): Folder of the run. Damaged checkpoints in it that are
            newer are set aside: they get the suffix ``.damaged``. If there
            are none at all, what was logged there is taken back.

    Returns:
        str | None: Path of the checkpoint; None if there is none.

    Raises:
        UnsafeCheckpoint: If there are some and none is whole; they stay as
            they are.
        OSError: If one cannot be read, which says nothing of its content.
    """
    chosen = [_last_whole(work_dir) if is_main_process() else None]
    broadcast_object_list(chosen)
    return chosen[0]


def _last_whole(work_dir: str) -> Optional[str]:
    """See :func:`choose_checkpoint`."""
    damaged: dict[str, str] = {}
    # Not by time, which a copy of the folder need not keep; an earlier run's
    # are set aside by AtomicCheckpointHook.
    for path in reversed(sorted_checkpoints(work_dir)):
        damage = damage_of(path)
        if damage is None:
            _set_aside(damaged)
            print(f'Going on from {path}, the last that is whole.')
            return path
        damaged[path] = damage
    if damaged:
        what = ', '.join(f'{path} ({why})' for path, why in damaged.items())
        raise UnsafeCheckpoint(
            f'No checkpoint in {work_dir} is whole: {what}. Put a copy of one '
            'in its place, or begin anew without --resume.')
    # All that was logged by starts that came to none.
    cut_logs(work_dir, iteration=0, validated=False)
    return None


def _set_aside(damaged: dict[str, str]) -> None:
    """Rename checkpoints, given what is wrong with each."""
    for path, damage in damaged.items():
        print(f'{path} is damaged ({damage}) and is set aside as '
              f'{path}.damaged')
        os.replace(path, f'{path}.damaged')
