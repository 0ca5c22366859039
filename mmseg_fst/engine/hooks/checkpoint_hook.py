"""Checkpoints that survive an interruption at any time."""
import glob
import os
from os import path as osp
from typing import Optional

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub
from mmengine.runner import Runner

from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.checkpoint import iteration_of
from mmseg_fst.utils.storage import DURABLE

# Keys in the message hub, whose content is saved in each checkpoint.
#: Iteration of the last validation whose metrics are saved. mmengine prints
#: keys that begin with train, val or test in its log lines.
VALIDATED = 'last_validation'
#: File names of the current checkpoints.
WRITTEN = 'written_ckpts'


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's hook, with a complete checkpoint on disk at any time.

    A file is written to a temporary name, flushed to the disk and renamed.
    The checkpoint that it replaces (the oldest, or the previous best) is
    removed afterwards, whereas mmengine removes it before. The disk therefore
    needs space for one more checkpoint than ``max_keep_ckpts``.

    Args:
        interval (int): Iterations between checkpoints. Defaults to -1: only
            the last one.
        max_keep_ckpts (int): Maximum number of checkpoints besides the best
            one. Defaults to -1: no limit.
        save_best (str, optional): Metric that determines the best checkpoint.
            Defaults to None.
        rule (str, optional): ``'greater'`` or ``'less'``, see mmengine.
            Defaults to None: inferred from the metric.
        save_last (bool): Whether to save after the last iteration in any
            case. Defaults to True.
        backend_args (dict, optional): File backend, see mmengine. Defaults to
            None: the local disk.

    Example:
        >>> default_hooks = dict(checkpoint=dict(
        ...     type='AtomicCheckpointHook', interval=4000, max_keep_ckpts=1,
        ...     save_best='student/mIoU'))
    """

    best_ckpt_path: Optional[str]

    def __init__(self,
                 interval: int = -1,
                 max_keep_ckpts: int = -1,
                 save_best: Optional[str] = None,
                 rule: Optional[str] = None,
                 save_last: bool = True,
                 backend_args: Optional[dict] = None) -> None:
        super().__init__(
            interval=interval,
            by_epoch=False,
            save_best=save_best,
            rule=rule,
            save_last=save_last,
            backend_args=backend_args or dict(backend=DURABLE))
        # Not passed to mmengine, which would remove old files too early.
        self.limit = max_keep_ckpts

    def before_train(self, runner: Runner) -> None:
        """Update saved paths, because the work folder may have been moved.

        Checkpoints that do not belong to this run are renamed with the suffix
        ``.old``; an older file of that name is overwritten.

        Args:
            runner (Runner): The runner of the training.
        """
        hub = runner.message_hub
        for key in ('best_ckpt', 'last_ckpt'):
            path = hub.get_info(key)
            if path is not None:
                hub.update_info(
                    key, osp.join(runner.work_dir, osp.basename(path)))
        super().before_train(runner)
        self.last_ckpt = hub.get_info('last_ckpt')
        self._tidy(runner)
        if isinstance(self.file_backend, LocalBackend) and is_main_process():
            self._set_aside(runner)

    def after_val_epoch(self, runner: Runner,
                        metrics: dict[str, float]) -> None:
        """Save the best checkpoint and record the validation in it.

        Args:
            runner (Runner): The runner of the training.
            metrics (dict[str, float]): Metrics of this validation.
        """
        runner.message_hub.update_info(VALIDATED, runner.iter)
        super().after_val_epoch(runner, metrics)

    def _save_checkpoint_with_step(self, runner: Runner, step: int,
                                   meta: dict) -> None:
        """Save a checkpoint, then remove the oldest beyond the limit."""
        hub = runner.message_hub
        if self.limit > 0:
            steps = [saved for saved in hub.get_info('keep_ckpt_ids', [])
                     if saved != step] + [step]
            hub.update_info('keep_ckpt_ids', steps[-self.limit:])
        super()._save_checkpoint_with_step(runner, step, meta)
        self._tidy(runner)

    def _save_best_checkpoint(self, runner: Runner,
                              metrics: dict[str, float]) -> None:
        """Save a new best checkpoint, then remove the previous one."""
        if not self.save_best:
            return
        for name in self.key_indicators:
            if name != 'auto' and name not in metrics:
                raise ValueError(
                    f'default_hooks.checkpoint.save_best={name!r} is not a '
                    f'score of this run; choose from {", ".join(metrics)}.')
        # mmengine removes the previous file first if this path is set.
        previous, self.best_ckpt_path = self.best_ckpt_path, None
        super()._save_best_checkpoint(runner, metrics)
        if self.best_ckpt_path is None:
            self.best_ckpt_path = previous
        self._tidy(runner)

    def _wanted(self, hub: MessageHub) -> list[str]:
        """File names of the checkpoints that must exist now."""
        best = hub.get_info('best_ckpt')
        names = [osp.basename(best)] if best else []
        if self.limit > 0:
            names += [self.filename_tmpl.format(step)
                      for step in hub.get_info('keep_ckpt_ids', [])]
        return names

    def _tidy(self, runner: Runner) -> None:
        """Remove outdated checkpoints of this run.

        A checkpoint contains the names that were current before it, so that a
        run that was killed before this method removes them when it resumes.
        """
        wanted = self._wanted(runner.message_hub)
        for name in runner.message_hub.get_info(WRITTEN, []):
            path = osp.join(self.out_dir, name)
            outdated = name not in wanted and self.file_backend.isfile(path)
            if outdated and is_main_process():
                self.file_backend.remove(path)
        runner.message_hub.update_info(WRITTEN, sorted(wanted))

    def _set_aside(self, runner: Runner) -> None:
        """Rename files that would be mistaken for checkpoints of this run.

        For a new run in a used folder: all checkpoints, except the one from
        which the run starts. For a resumed run: checkpoints of iterations
        that will be repeated, including a best one that was saved later.
        """
        best = osp.basename(runner.message_hub.get_info('best_ckpt') or '')
        start = osp.realpath(runner._load_from or '')
        for path in sorted(glob.glob(
                osp.join(glob.escape(self.out_dir), '*.pth'))):
            name, iteration = osp.basename(path), iteration_of(path)
            if iteration is None or osp.realpath(path) == start:
                continue
            if iteration > runner.iter or (
                    iteration == runner.iter and name.startswith('best_')
                    and name != best):
                runner.logger.warning(
                    f'{path} belongs to another start of this run; it is '
                    f'renamed to {path}.old')
                os.replace(path, f'{path}.old')
