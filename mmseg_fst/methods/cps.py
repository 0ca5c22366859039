"""Cross pseudo supervision: students label for one another."""
from typing import Any

import torch
from torch import Tensor

from mmseg_fst.models.domains import to_domain
from mmseg_fst.models.losses import all_logits, labeled_losses, peer_losses
from mmseg_fst.ops import Mixed
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels
from .method import Method
from .step import Losses, Step
from .student_ensemble import StudentEnsemble, build_students


@MODELS.register_module()
class CPS(StudentEnsemble, Method):
    """Students of one architecture that label all images for one another.

    Chen et al., "Semi-Supervised Semantic Segmentation with Cross Pseudo
    Supervision", CVPR 2021, as in the authors' code (TorchSemiSeg 5e0c29c).
    For students i and j::

        labeled ---> i -> loss on its label
        unlabeled -> i
        both ------> i -> loss on the classes that j predicts for both
        loss: sum over the students

    Labeled and unlabeled images are two passes, each normalized by itself,
    and one mean over all of their pixels is the loss on the peer's classes.
    :class:`CoTraining` differs in all of this: one pass, pseudo-labels of
    unlabeled images alone, the mean over the students. The graphs of all
    passes are in memory together. With more than two students the loss is the
    mean over the peers.

    Args:
        students (dict[str, dict]): Config of each student, an
            ``EncoderDecoder`` of MMSegmentation, by name.
        predict_with (str): Name of a student, or ``'ensemble'``. Defaults to
            ``''``: the first student, as in the release.
        **kwargs: Arguments of :class:`Method`. The loss on the classes of a
            peer is the part ``cross`` of ``loss_weights``.

    Raises:
        ValueError: If students are fewer than two, or an argument is not
            used.
    """

    parts = ('labeled', 'cross')
    required: tuple[str, ...] = ('pseudo_labeler', )
    unused = ('regularizer', 'warmup_iters')
    sums_losses = True
    with_teacher = False
    single_pass = True

    def __init__(self, students: dict[str, dict], predict_with: str = '',
                 **kwargs: Any) -> None:
        if kwargs.get('photometric'):
            raise ValueError(f'{type(self).__name__} does not use '
                             '`model.photometric`; take it out.')
        super().__init__(
            build_students(students),
            predict_with=predict_with or next(iter(students)),
            **kwargs)

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the students and their losses.
            batch (Batch): The sides of the batch.
        """
        target = step.learn('cross', lambda: self.cross_pass(batch))
        nothing = torch.zeros_like(target.label, dtype=torch.bool)
        self.mixed = Mixed(batch.unlabeled.image, target.label, target.weight,
                           nothing, None)
        step.log(pseudo_label_weight=target.weight.mean())

    def cross_pass(self, batch: Batch) -> tuple[Losses, PseudoLabels]:
        """All images through all students.

        Args:
            batch (Batch): The batch.

        Returns:
            tuple: Losses ``NAME.labeled`` and ``NAME.cross`` of each student,
            and the labels of the first one for unlabeled images.
        """
        sides = batch.labeled, batch.unlabeled
        logits = {
            name: [self.logits_of(name, side.image) for side in sides]
            for name in self.student
        }
        targets = {
            name: [
                self.pseudo_labels(side, found['decode'])
                for side, found in zip(sides, logits[name])
            ]
            for name in self.student
        }
        losses: Losses = {}
        for name, network in self.student.items():
            labeled, unlabeled = logits[name]
            losses[f'{name}.labeled'] = labeled_losses(
                network, labeled, batch.labeled.label)
            both = {
                head: torch.cat([labeled[head], unlabeled[head]])
                for head in labeled
            }
            peers = [
                PseudoLabels(*map(torch.cat, zip(*targets[peer])))
                for peer in targets if peer != name
            ]
            losses[f'{name}.cross'] = peer_losses(
                network, both, peers, self.mixed_auxiliary)
        first = next(iter(targets))
        self.pseudo_label, self.pseudo_weight = targets[first][1]
        return losses, targets[first][1]

    def logits_of(self, name: str, image: Tensor) -> dict[str, Tensor]:
        """Logits of a student, by a separate pass.

        Args:
            name (str): Name of the student.
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            dict[str, Tensor]: Logits of shape (N, K, H, W) by head.
        """
        network = self.network(name)
        features = network.extract_feat(to_domain(network, image))
        return all_logits(network, features, image.shape[2:])
