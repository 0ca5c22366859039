"""CCT: auxiliary decoders agree with the main one on perturbed features."""
from collections.abc import Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from mmseg_fst.models.guided_perturbations import Objects
from mmseg_fst.models.perturbed_decoders import PerturbedDecoders
from mmseg_fst.models.split_heads import decoder_of, encode
from mmseg_fst.ops import class_logits, class_probabilities, gaussian_ramp
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_not_negative
from mmseg_fst.utils.progress import training_iteration

from .batch import Batch, Side
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class CCT(Method):
    """Cross-consistency training.

    Ouali et al., "Semi-Supervised Semantic Segmentation with
    Cross-Consistency Training", CVPR 2020, equations 1 to 3::

        image_labeled ---> student -> loss on label_labeled
        image_unlabeled -> encoder -> main decoder -> probabilities (fixed)
        encoder output -> perturbation k -> auxiliary decoder k -> error

    The encoder learns from the auxiliary decoders, the main decoder from
    labels alone. The main decoder predicts. The weight of the
    error grows as a Gaussian curve.

    Encoder and main decoder are the network up to the last layers of its
    decode head, and these; see :func:`mmseg_fst.models.split_heads.encode`.
    Padding has no error; it has in the release.

    See :class:`Method` for other arguments.

    Args:
        perturbations (Sequence[tuple[int, dict]]): Numbers of auxiliary
            decoders and configs of their perturbations, see
            :class:`PerturbedDecoders`.
        ramp_iters (int): Iterations in which the weight of the error grows,
            at least 0. Defaults to 0: it does not.
        label_with (str): ``'student'``, the main decoder, as in the paper, or
            ``'teacher'``, its moving average, to which FST applies. Defaults
            to ``'student'``.
        background (int): The class of what is not an object, for
            perturbations that are guided by objects. Defaults to 0.
        **kwargs: Arguments of :class:`Method`. The weight of the error is
            ``loss_weights=dict(unlabeled=...)``.

    Raises:
        ValueError: If an argument is out of its range.
    """

    parts = ('labeled', 'unlabeled')
    required = ()
    with_teacher = False

    def __init__(self,
                 segmentor: dict,
                 perturbations: Sequence[tuple[int, dict]],
                 ramp_iters: int = 0,
                 label_with: Literal['student', 'teacher'] = 'student',
                 background: int = 0,
                 **kwargs: Any) -> None:
        self.with_teacher = 'teacher' == self.check_choice(
            'label_with', label_with, ('student', 'teacher'))
        super().__init__(segmentor, **kwargs)
        check_not_negative(self, ramp_iters=ramp_iters)
        self.ramp_iters = ramp_iters
        self.background = background

        def build_head() -> BaseDecodeHead:
            head = MODELS.build(segmentor['decode_head'])
            head.init_weights()
            return head

        # Learns as fast as the decode head: by the `head` in its name.
        self.auxiliary['decode_heads'] = PerturbedDecoders(
            perturbations, build_head)

    @property
    def can_share_graph(self) -> bool:
        """Whether steps can share a graph: there are no mixed images."""
        return False

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        step.learn(
            'labeled', lambda: self.supervised(batch.labeled), fixed=True)
        step.learn('unlabeled',
                   lambda: self.cross_consistency(batch.unlabeled))

    def cross_consistency(self, side: Side) -> tuple[Losses, None]:
        """The pass of unlabeled images through all auxiliary decoders.

        Args:
            side (Side): Images of shape (N, C, H, W).

        Returns:
            tuple: Loss ``unlabeled.loss_consistency``, and no output.
        """
        head = self.student.decode_head
        maps = encode(head, self.student.extract_feat(side.image))
        with torch.no_grad():
            logits = self._main_logits(side, maps)
            label = logits.argmax(1)
            weight = self._outside_padding(side, label)
        error = self.auxiliary['decode_heads'](
            maps, class_probabilities(logits),
            Objects(label, self.background), weight)
        ramp = gaussian_ramp(
            training_iteration() - self.warmup_iters, self.ramp_iters)
        return dict(unlabeled=dict(loss_consistency=ramp * error)), None

    def _main_logits(self, side: Side, maps: list[Tensor]) -> Tensor:
        """Logits (N, C, h, w) that the auxiliary decoders imitate."""
        if self.teacher is None:
            return class_logits(decoder_of(self.student.decode_head)(maps))
        with self.frozen_pass(side.image.device):
            logits = self.teacher(side.image)
        return class_logits(logits.to(side.image.dtype))

    def _outside_padding(self, side: Side, label: Tensor) -> Tensor:
        """Weights (N, h, w) of predictions (N, h, w): 0 in padding."""
        known, _ = self.enlarge_labels(label, side)
        weight = (known != self.ignore_index).to(side.image.dtype)
        return F.interpolate(weight[:, None], label.shape[1:])[:, 0]
