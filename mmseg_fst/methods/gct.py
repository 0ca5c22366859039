"""GCT: two networks and a detector of their flaws."""
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from mmseg_fst.models.losses import (
    all_logits,
    head_logits,
    labeled_losses,
    rows_of,
)
from mmseg_fst.ops import class_probabilities, exchange, gaussian_ramp
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_not_negative, check_range
from mmseg_fst.utils.frozen import frozen
from mmseg_fst.utils.progress import training_iteration

from .batch import Batch, Side
from .method import Method
from .step import Losses, Step
from .student_ensemble import ENSEMBLE, StudentEnsemble, build_students


@MODELS.register_module()
class GCT(StudentEnsemble, Method):
    """Guided collaborative training of two networks i and j.

    Ke et al., "Guided Collaborative Training for Pixel-wise Semi-Supervised
    Learning", ECCV 2020::

        image -> i -> probability_i;  image, probability_i -> detector: flaw_i
        detector: flaw_i -> blurred error of probability_i, where labeled
        labeled:     i -> loss on label
        consistency: probability_i -> the less flawed of i and j, ramped up
        correction:  flaw_i -> 0 where both are flawed, by the weights of i

    Labeled and unlabeled images share all passes. As in the release, what is
    judged comes from separate passes: one graph at a time is in memory.

    Args:
        students (dict[str, dict]): Config of both networks by name.
        flaw_detector (dict): Config of a :class:`FlawDetector`, which becomes
            ``auxiliary['flaw_detector']``.
        flaw_threshold (float): Flaws above it are equal, xi. Defaults to 0.6.
        ramp_iters (int): Iterations in which the weight of the consistency
            grows, at least 0. Defaults to 0: it does not.
        judge (str): Whose predictions are judged and exchanged:
            ``'students'``, or, an option of this project, ``'teachers'``,
            their moving averages. Defaults to ``'students'``.
        predict_with (str): A student or ``'ensemble'``, the default.
        **kwargs: Arguments of :class:`Method`.

    Raises:
        ValueError: If students are not two, or a value is not allowed.
    """

    parts = ('labeled', 'consistency', 'correction', 'detector')
    required = ()
    unused = ('regularizer', 'warmup_iters', 'photometric')
    sums_losses = True

    def __init__(self,
                 students: dict[str, dict],
                 flaw_detector: dict,
                 flaw_threshold: float = 0.6,
                 ramp_iters: int = 0,
                 judge: Literal['students', 'teachers'] = 'students',
                 predict_with: str = ENSEMBLE,
                 **kwargs: Any) -> None:
        if len(students) != 2:
            raise ValueError('GCT: students must be two, got '
                             f'{", ".join(students) or "none"}.')
        check_range(self, flaw_threshold=flaw_threshold)
        check_not_negative(self, ramp_iters=ramp_iters)
        self.with_teacher = 'teachers' == self.check_choice(
            'judge', judge, ('students', 'teachers'))
        super().__init__(
            build_students(students), predict_with=predict_with, **kwargs)
        classes = self._students[0].decode_head.num_classes
        self.auxiliary['flaw_detector'] = MODELS.build(
            dict(num_classes=classes, **flaw_detector))
        self.flaw_threshold, self.ramp_iters = flaw_threshold, ramp_iters

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the networks and their losses.
            batch (Batch): The sides of the batch.
        """
        image = torch.cat([batch.labeled.image, batch.unlabeled.image])
        judged = [self._predict_classes(name, image) for name in self.student]
        flaws = step.learn(
            'detector',
            lambda: self._detector_pass(image, judged, batch.labeled.label))
        *targets, flawed = exchange(judged, flaws, self.flaw_threshold)
        for name, target in zip(self.student, targets):
            step.learn(name, lambda: self._network_pass(
                name, image, batch.labeled, target, flawed))
        step.log(flawed_pixels=flawed.to(image.dtype).mean())

    @torch.no_grad()
    def _predict_classes(self, name: str, image: Tensor) -> Tensor:
        """The prediction that is judged, probabilities (N, classes, H, W)."""
        networks: Any = self.teacher or self.student
        network = networks[name]
        with self.frozen_pass(image.device):
            logits = head_logits(network.decode_head,
                                 network.extract_feat(image), image.shape[2:])
        return class_probabilities(logits.to(image.dtype))

    def _detector_pass(self, image: Tensor, judged: list[Tensor],
                       label: Tensor) -> tuple[Losses, list[Tensor]]:
        """Both predictions through the detector; scaled flaws (N, 1, H, W)."""
        judge: Any = self.auxiliary['flaw_detector'].judge
        losses, flaws = zip(*[judge(image, each, label, self.ignore_index)
                              for each in judged])
        return dict(detector=dict(loss_mse=sum(losses) / 2)), list(flaws)

    def _network_pass(self, name: str, image: Tensor, labeled: Side,
                      target: Tensor, flawed: Tensor) -> tuple[Losses, None]:
        """All images through one network, the labeled ones first."""
        network, detector = self.network(name), self.auxiliary['flaw_detector']
        logits = all_logits(network, network.extract_feat(image),
                            image.shape[2:])
        probability = class_probabilities(logits['decode'])
        with frozen(detector):
            flaw = detector(image, probability)
        ramp = gaussian_ramp(training_iteration(), self.ramp_iters)
        follow = ramp * F.mse_loss(probability, target)
        return {
            f'{name}.labeled': labeled_losses(
                network, rows_of(logits, stop=len(labeled.image)),
                labeled.label),
            f'{name}.consistency': dict(loss_mse=follow),
            f'{name}.correction': dict(loss_mse=(flawed * flaw**2).mean())
        }, None
