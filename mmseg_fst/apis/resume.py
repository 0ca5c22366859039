"""Which checkpoint a run goes on from."""
import os
from typing import Optional

from mmengine.dist import broadcast_object_list, is_main_process

from mmseg_fst.utils.checkpoint import damage_of
from mmseg_fst.utils.run_logs import cut_logs

from .test import sorted_checkpoints


def choose_checkpoint(work_dir: str) -> Optional[str]:
    """The newest checkpoint of a run that is whole; says which it is.

    One process looks, the others wait for what it says.

    Args:
        work_dir (str): Folder of the run. Damaged checkpoints in it are set
            aside: they get the suffix ``.damaged``. Without a whole one, what
            was logged there is taken back.

    Returns:
        str | None: Path of the checkpoint; None if there is none.
    """
    chosen = [_newest_whole(work_dir) if is_main_process() else None]
    broadcast_object_list(chosen)
    return chosen[0]


def _newest_whole(work_dir: str) -> Optional[str]:
    """See :func:`choose_checkpoint`."""
    # By time and not by iteration, because an earlier, longer run may have
    # left checkpoints in the same folder.
    found = sorted(
        reversed(sorted_checkpoints(work_dir)),
        key=lambda path: os.stat(path).st_mtime_ns,
        reverse=True)
    for path in found:
        damage = damage_of(path)
        if damage is None:
            print(f'Going on from {path}, the newest that is whole.')
            return path
        print(f'{path} is damaged ({damage}) and is set aside as '
              f'{path}.damaged')
        os.replace(path, f'{path}.damaged')
    if found:
        print(f'No checkpoint in {work_dir} is whole: the run begins anew.')
    # All that was logged by starts that came to none.
    cut_logs(work_dir, iteration=0, validated=False)
    return None
