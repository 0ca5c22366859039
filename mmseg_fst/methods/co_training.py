"""Students that label for one another: CPS and Diverse Co-training."""
from typing import Any, Literal

import torch
from torch import Tensor

from mmseg_fst.models.domains import (
    domain_logits,
    mix_in_domains,
    to_domain,
    views_in_domains,
)
from mmseg_fst.models.losses import (
    all_logits,
    labeled_losses,
    peer_losses,
    rows_of,
)
from mmseg_fst.ops import Mixed, agreement
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels, Side
from .method import Method
from .step import Losses, Step
from .student_ensemble import ENSEMBLE, StudentEnsemble, build_students


@MODELS.register_module()
class CoTraining(StudentEnsemble, Method):
    """Students of any architecture that label for one another.

    For students i and j::

        image_labeled, image_unlabeled -> i -> loss on label_labeled
                                            -> pseudo_labeler -> label_i
        image_unlabeled -> photometric -> domain of i -> mixer -> image_mixed
        image_mixed -> i -> mean over all j != i of the loss on label_j, mixed
        loss: mean over the students

    With students that differ in their initialization only, this is CPS (Chen
    et al., CVPR 2021) or n-CPS (Filipiak et al. 2021); with different
    architectures and input domains, Diverse Co-training (Li et al. 2023).

    A student reads RGB images, unless its backbone has a ``domain``, a name,
    and a method ``to_domain`` from normalized images to its input.

    Args:
        students (dict[str, dict]): Config of each student, an
            ``EncoderDecoder`` of MMSegmentation, by name.
        views (str): Which students share a sample of the strong
            augmentation: students of one ``'domain'``, as in the release of
            Diverse Co-training, or none, ``'student'``, as in its paper.
            Defaults to ``'domain'``.
        label_with (str): ``'peers'``, or ``'future'``: the teachers, copies
            of the students that :class:`SelfLookAheadHook` moves ahead of
            them, an experiment of this project. Defaults to ``'peers'``.
        predict_with (str): Name of a student, or ``'ensemble'``, the mean of
            their probabilities. Defaults to ``'ensemble'``.
        **kwargs: Arguments of :class:`Method`; ``mixer`` must mix unlabeled
            images only, :class:`CutMix` or :class:`NoMix`.

    Raises:
        ValueError: If students are fewer than two, or a value is not allowed.
    """

    unused = ('regularizer', 'warmup_iters')

    def __init__(self,
                 students: dict[str, dict],
                 views: Literal['domain', 'student'] = 'domain',
                 label_with: Literal['peers', 'future'] = 'peers',
                 predict_with: str = ENSEMBLE,
                 **kwargs: Any) -> None:
        self.views = self.check_choice('views', views, ('domain', 'student'))
        self.with_teacher = 'future' == self.check_choice(
            'label_with', label_with, ('peers', 'future'))
        super().__init__(build_students(students), predict_with=predict_with,
                         **kwargs)
        if not hasattr(self.mixer, 'plan'):
            raise ValueError(
                f'CoTraining: mixer={type(self.mixer).__name__!r} does not '
                "mix unlabeled images alone; give 'CutMix' or 'NoMix'.")

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the students and their losses.
            batch (Batch): The sides of the batch.
        """
        targets = {
            name: step.learn(f'{name}.weak',
                             lambda: self._weak_pass(name, batch))
            for name in self.student
        }
        views = self._mixed_views(batch.unlabeled, targets)
        for name, view in views.items():
            step.learn(f'{name}.mixed', lambda: self._peer_pass(name, *view))
        label, weight = zip(*targets.values())
        step.log(agreement=agreement(list(label)),
                 pseudo_label_weight=torch.stack(
                     [each.mean() for each in weight]).mean())

    def _weak_pass(self, name: str,
                   batch: Batch) -> tuple[Losses, PseudoLabels]:
        """Labeled and unlabeled images through one student, together."""
        network, labeled = self.network(name), batch.labeled
        count = len(labeled.image)
        image = torch.cat([labeled.image, batch.unlabeled.image])
        logits = all_logits(network,
                            network.extract_feat(to_domain(network, image)),
                            labeled.label.shape[1:])
        losses = labeled_losses(network, rows_of(logits, stop=count),
                                labeled.label)
        weak = (logits['decode'] if self.teacher is None else
                domain_logits(self.teacher[name], image))
        target = self.pseudo_labels(batch.unlabeled, weak[count:])
        return {f'{name}.labeled': losses}, target

    @torch.no_grad()
    def _mixed_views(
        self, side: Side, targets: dict[str, PseudoLabels]
    ) -> dict[str, tuple[Tensor, list[PseudoLabels]]]:
        """Inputs (N, D, h, w), mixed by the same boxes; labels of peers."""
        strong, inputs = views_in_domains(self.augment, self.student,
                                          side.image, self.views == 'domain')
        mix, mask, index = mix_in_domains(self.mixer, inputs.values(),
                                          side.image.shape[2:])
        labels = {
            name: PseudoLabels(mix(label), mix(weight))
            for name, (label, weight) in targets.items()
        }
        first = next(iter(labels))
        self.pseudo_label, self.pseudo_weight = targets[first]
        self.mixed = Mixed(mix(strong[first]), *labels[first], mask, index)
        return {name: (mix(image), self._peer_labels(name, labels))
                for name, image in inputs.items()}

    def _peer_labels(self, name: str, labels: dict[str, PseudoLabels]
                     ) -> list[PseudoLabels]:
        """Mixed labels that a student learns from."""
        return [labels[peer] for peer in labels if peer != name]

    def _peer_pass(self, name: str, image: Tensor,
                   targets: list[PseudoLabels]) -> tuple[Losses, None]:
        """The mixed images of one student and the labels of its peers."""
        network, size = self.network(name), targets[0].label.shape[1:]
        logits = all_logits(network, network.extract_feat(image), size)
        losses = peer_losses(network, logits, targets, self.mixed_auxiliary)
        return {f'{name}.mixed': losses}, None
