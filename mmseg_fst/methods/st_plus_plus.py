"""ST++: retraining with pseudo-labels from files."""
from typing import Any, Literal, Optional

import torch
from torch import Tensor

from mmseg_fst.models.losses import all_logits, labeled_losses
from mmseg_fst.ops import Mixed
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels, Side
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class STPlusPlus(Method):
    """A stage of ST++: pseudo-labels are loaded like labels.

    Yang et al., "ST++: Make Self-training Work Better for Semi-supervised
    Semantic Segmentation", CVPR 2022. An earlier stage has written the labels
    of the unlabeled images; ``run_experiments.py`` trains all stages of a
    config with ``stages``. There is no teacher.

    Its release samples a batch from labeled and unlabeled images, repeated
    until they are as many; here half of each batch is labeled.

    Args:
        passes (str): ``'joint'``: all images in one pass, with one mean over
            their pixels, the part ``joint`` of the loss, as in the release.
            ``'separate'``: a pass and a loss for each side, the parts
            ``labeled`` and ``mixed``. Defaults to ``'joint'``.
        cut_out (dict, optional): Config of a :class:`NoiseCutOut` for
            unlabeled images, after ``photometric`` and ``mixer``. Defaults to
            None.
        **kwargs: Arguments of :class:`Method`; ``photometric`` augments
            unlabeled images, ``mixer`` is :class:`NoMix` in the paper, and
            ``pseudo_labeler`` is not used.

    Raises:
        ValueError: If a value is not allowed.
    """

    parts = ('labeled', 'mixed', 'joint')
    required = ('mixer', )
    unused = ('regularizer', )
    with_teacher = False

    def __init__(self,
                 passes: Literal['joint', 'separate'] = 'joint',
                 cut_out: Optional[dict] = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.passes = self.check_choice(
            'passes', passes, ('joint', 'separate'))
        self.cut_out = MODELS.build(cut_out) if cut_out else None

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        if self.passes == 'separate':
            step.learn('labeled', lambda: self.supervised(batch.labeled))
        target = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        if self.passes == 'separate':
            step.learn('mixed', lambda: self.consistency(step, mixed))
        else:
            step.learn('joint', lambda: self.joint_pass(batch.labeled, mixed))
        step.log(pseudo_label_weight=target.weight.mean())

    def joint_pass(self, labeled: Side, mixed: Mixed) -> tuple[Losses, None]:
        """All images at once; pseudo-labels count like labels.

        Args:
            labeled (Side): Labeled images.
            mixed (Mixed): Images with pseudo-labels.

        Returns:
            tuple: Losses ``joint``, and no output.
        """
        label = torch.cat([labeled.label, mixed.label])
        features = self.student.extract_feat(
            torch.cat([labeled.image, mixed.image]))
        logits = all_logits(self.student, features, label.shape[1:])
        return dict(joint=labeled_losses(self.student, logits, label)), None

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
        """Augment unlabeled images, mix them, and cut boxes out.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        mixed = self.augment_then_mix(batch, target)
        if self.cut_out is None:
            return mixed
        preprocessor = self.data_preprocessor
        return self.cut_out(mixed, preprocessor.mean, preprocessor.std,
                            self.ignore_index)
