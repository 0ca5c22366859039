"""ST++: retraining with pseudo-labels from files."""
from typing import Optional

import torch
from torch import Tensor

from mmseg_fst.ops import Mixed
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels, Side
from .method import Method
from .step import Step


@MODELS.register_module()
class STPlusPlus(Method):
    """A stage of ST++: pseudo-labels are loaded like labels.

    Yang et al., "ST++: Make Self-training Work Better for Semi-supervised
    Semantic Segmentation", CVPR 2022. An earlier stage has written the labels
    of the unlabeled images; ``run_experiments.py`` trains all stages of a
    config with ``stages``. There is no teacher.

    See :class:`Method` for the arguments; ``photometric`` augments unlabeled
    images, ``mixer`` is :class:`NoMix` in the paper, and ``pseudo_labeler``
    is not used.
    """

    required = ('mixer', )
    with_teacher = False

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        step.learn(
            'labeled', lambda: self.supervised(batch.labeled), fixed=True)
        target = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        step.learn('mixed', lambda: self.consistency(step, mixed))
        step.log(pseudo_label_weight=target.weight.mean())

    @torch.no_grad()
    def pseudo_labels(self,
                      side: Side,
                      logits: Optional[Tensor] = None) -> PseudoLabels:
        """Pseudo-labels of files; all pixels weigh 1.

        Args:
            side (Side): Images of shape (N, C, H, W) with pseudo-labels.
            logits (Tensor, optional): Not used. Defaults to None.

        Returns:
            PseudoLabels: Labels and weights of shape (N, H, W).

        Raises:
            ValueError: If no pseudo-labels were loaded.
        """
        if 'gt_sem_seg' not in side.samples[0]:
            raise ValueError(
                f'{type(self).__name__}: unlabeled images come without '
                'pseudo-labels. '
                'Give their data set `seg_map_path` and `LoadAnnotations`, or '
                'train all stages with run_experiments.py.')
        label = side.label
        weight = torch.ones_like(label, dtype=torch.float32)
        return self.without_padding(label, weight, side)

    def strong_view(self, batch: Batch, target: PseudoLabels) -> Mixed:
        """Augment unlabeled images, then mix them.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        return self.augment_then_mix(batch, target)
