"""Quality of the pseudo-labels during training."""
from collections.abc import Mapping
from typing import Optional, cast

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor, nn

from mmseg_fst.datasets.sides import UNLABELED
from mmseg_fst.engine.networks import unwrap
from mmseg_fst.engine.pseudo_label_probe import (
    ProbedLabels,
    probe,
    true_labels,
)
from mmseg_fst.models.data_preprocessor import corners_of
from mmseg_fst.ops import (
    LabelCounts,
    count_labels,
    label_quality,
    quality_by_class,
)
from mmseg_fst.registry import HOOKS

#: In front of the names of all that is logged.
PREFIX = 'pseudo_label'


@HOOKS.register_module()
class PseudoLabelQualityHook(Hook):
    """Measure the pseudo-labels of the training batch at intervals.

    These networks label the same unlabeled images: the ``student``, the
    ``past`` teacher at the end of the last iteration, and the ``future``
    teacher, which labels this iteration. With :class:`FSTHook` the future
    teacher has followed the virtual steps; that it labels better is the claim
    of the paper. With :class:`MeanTeacherHook` it has followed the current
    student. Co-trained students are measured by name.

    Logged to ``scalars.json`` and TensorBoard, in percent, as
    ``pseudo_label/WHO/coverage`` and so on: see :func:`label_quality` and,
    with the class behind it, :func:`quality_by_class`; and
    ``disagreement``, the fraction of pixels that a teacher labels differently
    than the student. Values that need true labels require
     ``labels_for_diagnosis`` of :class:`PairedDataset`. There is one warning
    for a class that no longer gets pseudo-labels.

    The hook does not change the training, bit for bit. It does nothing
    without pseudo-labels. It costs three passes without gradient in each
    measured iteration.

    Args:
        interval (int): Iterations between measurements, at least 1. Defaults
            to 500.
        patience (int): Number of measurements without a class, but with
            others, before the warning. Defaults to 5.
        side (str): The side of the training data whose images are labeled.
            Values of another side than the unlabeled one are logged as
            ``pseudo_label_SIDE/WHO/coverage`` and so on. Defaults to
            ``'unlabeled'``.

    Raises:
        ValueError: If a number is not positive.
    """

    # After the timer and before the hook that moves the teacher, which is
    # BELOW_NORMAL, in front of the step as behind it.
    priority = 'NORMAL'

    def __init__(self,
                 interval: int = 500,
                 patience: int = 5,
                 side: str = UNLABELED) -> None:
        for name, value in (('interval', interval), ('patience', patience)):
            if value < 1:
                raise ValueError(f'PseudoLabelQualityHook: {name} must be at '
                                 f'least 1, got {value}.')
        self.interval = interval
        self.patience = patience
        self.side = side
        self.prefix = PREFIX if side == UNLABELED else f'{PREFIX}_{side}'
        # Only between the two halves of one iteration.
        self.probed: dict[str, ProbedLabels] = {}
        self.corners: list[tuple[int, int]] = []  # of the images, in padding
        # Measurements since each class last occurred. A resumed run starts at
        # 0; only the warning depends on it.
        self.missed: Optional[Tensor] = None

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: DATA_BATCH = None) -> None:
        """Measure the students and the past teacher.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict): The batch of the real step.

        Raises:
            ValueError: If the batch has no such side.
        """
        model = unwrap(runner)
        self.probed = {}
        if not self._is_due(runner, model):
            return
        if self.side not in data_batch:
            raise ValueError(
                f'PseudoLabelQualityHook: side={self.side!r} is not in the '
                f'training data, which have {", ".join(data_batch)}.')
        if isinstance(model.student, nn.ModuleDict):
            networks = dict(model.student.items())
        else:
            networks = dict(student=model.student, past=model.teacher)
        self._probe(runner, data_batch, networks)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Measure the teacher that has labeled this iteration, and log.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict): The batch of the real step.
            outputs (dict, optional): Logged values, not used.
        """
        if not self.probed:
            return
        if 'past' in self.probed:
            self._probe(runner, data_batch,
                      dict(future=unwrap(runner).teacher))
        first = next(iter(self.probed.values())).label
        truth = true_labels(data_batch[self.side]['data_samples'],
                            first.shape[1:], corners=self.corners)
        classes = runner.train_dataloader.dataset.metainfo['classes']
        values: dict[str, float] = {}
        weights: dict[str, Tensor] = {}
        for who, found in self.probed.items():
            counts = summed(count_labels(*found, len(classes), truth))
            weights[who] = counts.weight
            values.update(self._values(who, counts, classes))
            if who in ('past', 'future'):
                values[f'{self.prefix}/{who}/disagreement'] = disagreement(
                    found.label, self.probed['student'].label, len(classes))
        self._log(runner, values)
        # Without a teacher, all students label.
        total = cast(Tensor, sum(weights.values()))
        self._warn(runner, weights.get('future', total), classes)
        self.probed = {}

    def _is_due(self, runner: Runner, model: BaseSegmentor) -> bool:
        """Whether this iteration is measured."""
        return (self.every_n_train_iters(runner, self.interval)
                and getattr(model, 'pseudo_labeler', None) is not None
                and runner.iter >= getattr(model, 'warmup_iters', 0))

    def _probe(self, runner: Runner, data_batch: dict,
             networks: Mapping[str, Optional[nn.Module]]) -> None:
        """Label the images of the side, in the precision of the training."""
        model = unwrap(runner)
        batch = model.data_preprocessor(data_batch, training=True)
        self.corners = corners_of(batch['data_samples'][self.side])
        # The precision of the training.
        with runner.optim_wrapper.optim_context(runner.model):
            for who, network in networks.items():
                if network is not None:
                    self.probed[who] = probe(
                        model, network, batch['inputs'][self.side],
                        batch['data_samples'][self.side])

    def _values(self, who: str, counts: LabelCounts,
                classes: tuple[str, ...]) -> dict[str, float]:
        """Scalars of one network without NaN."""
        values = {
            f'{self.prefix}/{who}/{name}': float(value)
            for name, value in label_quality(counts).items()
        }
        for name, of_classes in quality_by_class(counts).items():
            for class_name, value in zip(classes, of_classes.tolist()):
                values[f'{self.prefix}/{who}/{name}/{class_name}'] = value
        return {key: value for key, value in values.items() if value == value}

    def _log(self, runner: Runner, values: dict[str, float]) -> None:
        """Write the scalars, and the main ones into the log."""
        step = runner.iter + 1
        # With its iteration a line counts as one of the training where a
        # resumed run takes back what it will log again.
        runner.visualizer.add_scalars({'iter': step, **values}, step=step)
        line = ', '.join(f'{key.partition("/")[2]} {value:.1f}'
                         for key, value in values.items()
                         if key.count('/') == 2)
        images = '' if self.side == UNLABELED else f' of {self.side} images'
        runner.logger.info(
            f'Pseudo-labels{images} at iteration {step}, %: {line}')

    def _warn(self, runner: Runner, weight: Tensor,
              classes: tuple[str, ...]) -> None:
        """Name the classes that have died, by the weights (C,) of labels."""
        if not weight.any():
            return  # as long as no network is sure, nothing is unlearned
        if self.missed is None:
            self.missed = torch.zeros(len(classes), dtype=torch.long)
        self.missed = (self.missed + 1) * (weight == 0)
        dead = [
            name for name, missed in zip(classes, self.missed.tolist())
            if missed == self.patience
        ]
        if dead:
            runner.logger.warning(
                f'No pseudo-label of {", ".join(dead)} in the last '
                f'{self.patience} measurements, the last at iteration '
                f'{runner.iter + 1}. If these classes occur in the target '
                'images, training unlearns them: lower the threshold of '
                '`pseudo_labeler`, or give the data set '
                '`rare_class_sampling`.')


def summed(counts: LabelCounts) -> LabelCounts:
    """Counts over all processes.

    Args:
        counts (LabelCounts): Counts of this process; changed in place.

    Returns:
        LabelCounts: Their sum.
    """
    for count in counts:
        all_reduce(count, 'sum')
    return counts


def disagreement(label: Tensor, other: Tensor, num_classes: int) -> float:
    """Fraction of pixels that two networks label differently, in percent.

    Args:
        label (Tensor): Class ids of shape (N, H, W), of this process.
        other (Tensor): Class ids of another network.
        num_classes (int): Number of classes; other ids are padding.

    Returns:
        float: Over the batch of all processes.
    """
    counts = torch.stack([(label != other).sum(), (label < num_classes).sum()])
    all_reduce(counts, 'sum')
    return 100 * float(counts[0] / counts[1])
