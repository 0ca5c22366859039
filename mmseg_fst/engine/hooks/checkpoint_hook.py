"""Checkpoints that outlive whatever ends a run."""
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

# What it tells the message hub, which is part of each checkpoint.
#: Iteration of the last validation that is accounted for.
VALIDATED = 'validated'
#: Names of the checkpoints that were wanted last.
WRITTEN = 'written_ckpts'


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """mmengine's, but that there is a whole checkpoint at any time.

    A file is written beside its place, flushed to the disk and renamed. What
    it replaces, the oldest checkpoint or the one that was the best, is
    removed afterwards, not before as in mmengine; so there has to be room for
    one checkpoint more than is kept.

    Args:
        interval (int): Iterations between checkpoints. Defaults to -1: only
            the last one.
        max_keep_ckpts (int): Number of checkpoints that are kept, besides the
            best. Defaults to -1: all.
        save_best (str, optional): The metric that says which is the best.
            Defaults to None.
        rule (str, optional): ``'greater'`` or ``'less'``, see mmengine's.
            Defaults to None: told by the metric.
        save_last (bool): Whether to save after the last iteration in any
            case. Defaults to True.
        backend_args (dict, optional): Where to; see mmengine's. Defaults to
            None: a local disk.
    """

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
        # Kept from mmengine, which would remove the old before the new.
        self.limit = max_keep_ckpts

    def before_train(self, runner: Runner) -> None:
        """Look where files are; their folder may have been moved.

        Checkpoints that are not of this run are set aside: they get the
        suffix ``.old``, in place of an older file of that name.

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
        """Save the best, and with it that this validation is done.

        Args:
            runner (Runner): The runner of the training.
            metrics (dict[str, float]): Metrics of this validation.
        """
        runner.message_hub.update_info(VALIDATED, runner.iter)
        super().after_val_epoch(runner, metrics)

    def _save_checkpoint_with_step(self, runner: Runner, step: int,
                                   meta: dict) -> None:
        """Save; then remove what is one too many."""
        hub = runner.message_hub
        if self.limit > 0:
            kept = [one for one in hub.get_info('keep_ckpt_ids', [])
                    if one != step] + [step]
            hub.update_info('keep_ckpt_ids', kept[-self.limit:])
        super()._save_checkpoint_with_step(runner, step, meta)
        self._tidy(runner)

    def _save_best_checkpoint(self, runner: Runner,
                              metrics: dict[str, float]) -> None:
        """Save if it is the best; then remove the one that was."""
        if not self.save_best:
            return
        # mmengine removes it first where it knows of one.
        former, self.best_ckpt_path = self.best_ckpt_path, None
        super()._save_best_checkpoint(runner, metrics)
        if self.best_ckpt_path is None:
            self.best_ckpt_path = former
        self._tidy(runner)

    def _wanted(self, hub: MessageHub) -> list[str]:
        """Names of the checkpoints that are to be there by now."""
        best = hub.get_info('best_ckpt')
        names = [osp.basename(best)] if best else []
        if self.limit > 0:
            names += [self.filename_tmpl.format(step)
                      for step in hub.get_info('keep_ckpt_ids', [])]
        return names

    def _tidy(self, runner: Runner) -> None:
        """Remove those of this run that are not to be there any more.

        A checkpoint names what was wanted before it, so that a run that is
        killed before this does it when it goes on.
        """
        wanted = self._wanted(runner.message_hub)
        for name in runner.message_hub.get_info(WRITTEN, []):
            path = osp.join(self.out_dir, name)
            outdated = name not in wanted and self.file_backend.isfile(path)
            if outdated and is_main_process():
                self.file_backend.remove(path)
        runner.message_hub.update_info(WRITTEN, sorted(wanted))

    def _set_aside(self, runner: Runner) -> None:
        """Rename what would be taken for a checkpoint of this run.

        In a used folder these are all that are there, but for the one that
        the run starts from; in a run that goes on, those of iterations that
        are made again, among them a best one that no checkpoint names.
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
                    f'{path} is of another start of this run, and is set '
                    f'aside as {path}.old')
                os.replace(path, f'{path}.old')
