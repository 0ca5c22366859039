"""Warnings about classes that a training does not learn."""
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from torch import Tensor

from mmseg_fst.datasets.sides import LABELED
from mmseg_fst.engine.named_scores import scores_of
from mmseg_fst.engine.networks import unwrap
from mmseg_fst.ops import Mixed, count_classes_
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.collapsed import (
    split_advice,
    unpredicted,
    unsampled,
    without_pseudo_labels,
)

#: Key in the message hub: the warnings of the last validation.
WARNINGS = 'class_warnings'
#: Key in the message hub: by side and class, the iteration of the last
#: validation before which a training batch had a label of the class.
LAST_COUNTED = 'class_last_counted'
_PSEUDO = 'pseudo'
# Key in a checkpoint: counts since the last validation.
_COUNTS = 'class_counts'


@HOOKS.register_module()
class CollapsedClassHook(Hook):
    """Name the classes that are not sampled, pseudo-labeled or predicted.

    After each validation one warning names the classes that no label of a
    training batch has shown yet, one the classes without a pseudo-label since
    the last validation, and one the classes of the validation set that a
    network never predicts, or never where they are. Each says what to change,
    in the log only the first time. :class:`ResultsHook` writes them to
    ``results.json``.

    Pixels of labels and of the pseudo-labels that remain after filters are
    counted in each iteration, on their device and without waiting for it, and
    added up over all distributed processes, so that a checkpoint, which one
    process writes, has all of them. The
    hook does not change the training. What is predicted is known from the
    loops of this package with a :class:`ConfusionIoUMetric`.
    """

    # Behind the logger (BELOW_NORMAL), so that warnings follow the scores,
    # and before ResultsHook (LOW), which writes them.
    priority = 65

    def __init__(self) -> None:
        # Pixels by class since the last validation, of shape (C + 1,).
        self.counts: dict[str, Tensor] = {}
        # Advice that the log has already.
        self.given: set[str] = set()

    def before_save_checkpoint(self, runner: Runner,
                               checkpoint: dict[str, Any]) -> None:
        """Save the counts.

        Args:
            runner (Runner): The runner of the training.
            checkpoint (dict): Content of the checkpoint, changed in place.
        """
        checkpoint[_COUNTS] = {
            side: counts.cpu() for side, counts in self.counts.items()
        }

    def after_load_checkpoint(self, runner: Runner,
                              checkpoint: dict[str, Any]) -> None:
        """Restore the counts of a run that is resumed.

        Args:
            runner (Runner): The runner of the training.
            checkpoint (dict): Content of the checkpoint.
        """
        if runner._resume:
            self.counts = dict(checkpoint.get(_COUNTS, {}))

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Count the labels and pseudo-labels of an iteration.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict): The batch, as it came from the loader.
            outputs (dict, optional): Logged values, not used.
        """
        samples = data_batch['data_samples'] if (
            'data_samples' in data_batch) else data_batch[LABELED][
                'data_samples']
        labels = [sample.gt_sem_seg.data for sample in samples]
        self._count(runner, LABELED, [(label, None) for label in labels])
        mixed = getattr(unwrap(runner), 'mixed', None)
        if mixed is not None:
            self._count(
                runner, _PSEUDO, [(mixed.label, pseudo_labeled(mixed))])

    def after_val_epoch(self, runner: Runner,
                        metrics: Optional[dict[str, float]] = None) -> None:
        """Warn about classes.

        Args:
            runner (Runner): The runner of the training.
            metrics (dict[str, float], optional): Scores, not used.
        """
        hub = runner.message_hub
        last = self._last_counted(runner, hub.get_info(LAST_COUNTED, {}))
        hub.update_info(LAST_COUNTED, last)
        never = [name for name, step in last.get(LABELED, {}).items()
                 if not step]
        lacking = {
            name: step for name, step in last.get(_PSEUDO, {}).items()
            if step < runner.iter and name not in never
        }
        warnings = [
            *unsampled(never, runner.iter), *without_pseudo_labels(lacking),
            *unpredicted(scores_of(runner.val_loop))]
        hub.update_info(WARNINGS, warnings)
        for warning in warnings:
            found, advice = split_advice(warning)
            text = found if advice in self.given else f'{found} {advice}'
            self.given.add(advice)
            runner.logger.warning(
                f'Validation at iteration {runner.iter}. {text}')

    def _count(self, runner: Runner, side: str,
               maps: Sequence[tuple[Tensor, Optional[Tensor]]]) -> None:
        """Count pixels of label maps, each with a mask or None for all."""
        found = torch.zeros(
            len(_classes(runner)) + 1, dtype=torch.int64,
            device=maps[0][0].device)
        for label, counted in maps:
            count_classes_(found, label, counted)
        all_reduce(found, 'sum')
        past = self.counts.get(side)
        self.counts[side] = (
            found if past is None else past.to(found.device) + found)

    def _last_counted(self, runner: Runner, past: Mapping[str, dict[str, int]]
                      ) -> dict[str, dict[str, int]]:
        """Update iterations by side and class from the counts, and reset."""
        last = dict(past)
        for side, counts in self.counts.items():
            before = past.get(side, {})
            last[side] = {
                name: runner.iter if count else before.get(name, 0)
                for name, count in zip(_classes(runner), counts.tolist())
            }
        self.counts = {}
        return last


def labeled_counts(runner: Runner) -> Optional[Tensor]:
    """Pixels by class in the labels of all batches since the last validation.

    Args:
        runner (Runner): The runner of the training.

    Returns:
        Tensor | None: Of shape (C,), int64, over all processes; None if
        nothing was counted by a :class:`CollapsedClassHook`.
    """
    for hook in runner.hooks:
        if isinstance(hook, CollapsedClassHook) and LABELED in hook.counts:
            return hook.counts[LABELED][:-1]
    return None


def pseudo_labeled(mixed: Mixed) -> Tensor:
    """Pixels of mixed images that the student learns from a pseudo-label.

    Args:
        mixed (Mixed): The images, with the labels that remain after filters.

    Returns:
        Tensor: Of shape (N, H, W), bool; False for labels that were pasted
        from labeled images.
    """
    counted = mixed.weight > 0
    return counted & ~mixed.mask if mixed.index is None else counted


def _classes(runner: Runner) -> tuple[str, ...]:
    """Names of the classes of the training data."""
    return runner.train_dataloader.dataset.metainfo['classes']
