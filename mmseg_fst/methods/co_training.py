"""Students that label for one another: CPS and Diverse Co-training."""
from typing import Literal

import torch
from torch import Tensor, nn

from mmseg_fst.models.domains import domain_of, mix_in_domains, to_domain
from mmseg_fst.models.losses import (
    all_logits,
    labeled_losses,
    pseudo_losses,
    resize_logits,
)
from mmseg_fst.ops import Mixed, agreement
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels, Side
from .method import Method
from .step import Losses, Step
from .student_ensemble import ENSEMBLE, StudentEnsemble


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
    et al., CVPR 2021) and, with more than two, n-CPS (Filipiak et al. 2021);
    with different architectures and input domains it is Diverse Co-training
    (Li et al., ICCV 2023), whose 2-cps and 3-cps have 2 and 3 students.

    A student reads RGB images, unless its backbone has a ``domain``, a name,
    and a method ``to_domain`` from normalized images to its input.

    See :class:`Method` for other arguments.

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
        ValueError: If there are fewer than two students, or an argument has
            none of the values above.
    """

    def __init__(self,
                 students: dict[str, dict],
                 views: Literal['domain', 'student'] = 'domain',
                 label_with: Literal['peers', 'future'] = 'peers',
                 predict_with: str = ENSEMBLE,
                 **kwargs) -> None:
        if len(students) < 2 or ENSEMBLE in students:
            raise ValueError(
                f'CoTraining: students must be two or more, none of them '
                f'named {ENSEMBLE!r}, got {list(students)}.')
        for name in ('regularizer', 'warmup_iters'):
            if kwargs.get(name):
                raise ValueError(f'CoTraining does not use `model.{name}`; '
                                 'remove it from the config.')
        self.views = self.check_choice('views', views, ('domain', 'student'))
        self.with_teacher = 'future' == self.check_choice(
            'label_with', label_with, ('peers', 'future'))
        networks = {name: MODELS.build(cfg) for name, cfg in students.items()}
        super().__init__(
            nn.ModuleDict(networks), predict_with=predict_with, **kwargs)
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
                             lambda: self.weak_pass(name, batch))
            for name in self.student
        }
        for name, (image, peers) in self.mixed_views(
                batch.unlabeled, targets).items():
            step.learn(f'{name}.mixed',
                       lambda: self.peer_pass(name, image, peers))
        step.log(
            agreement=agreement([target.label for target in targets.values()]),
            pseudo_label_weight=torch.stack(
                [target.weight.mean() for target in targets.values()]).mean())

    def weak_pass(self, name: str,
                  batch: Batch) -> tuple[Losses, PseudoLabels]:
        """Labeled and unlabeled images through one student, together.

        Args:
            name (str): Name of the student.
            batch (Batch): The batch.

        Returns:
            tuple: Losses ``NAME.labeled``, and its pseudo-labels.
        """
        network, labeled = self.student[name], batch.labeled
        count = len(labeled.image)
        image = torch.cat([labeled.image, batch.unlabeled.image])
        logits = all_logits(network,
                            network.extract_feat(to_domain(network, image)),
                            labeled.label.shape[1:])
        losses = labeled_losses(
            network, {head: part[:count]
                      for head, part in logits.items()}, labeled.label)
        unlabeled_logits = logits['decode'][count:]
        if self.teacher is not None:
            unlabeled_logits = self.future_logits(name, image)[count:]
        target = self.pseudo_labels(batch.unlabeled, unlabeled_logits)
        return {f'{name}.labeled': losses}, target

    @torch.no_grad()
    def future_logits(self, name: str, image: Tensor) -> Tensor:
        """Logits (N, C, H, W) of the look-ahead copy of a student.

        Args:
            name (str): Name of the student.
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            Tensor: Logits.
        """
        network = self.teacher[name]
        return resize_logits(
            network(to_domain(network, image)), image.shape[2:],
            network.align_corners)

    @torch.no_grad()
    def mixed_views(
        self, side: Side, targets: dict[str, PseudoLabels]
    ) -> dict[str, tuple[Tensor, list[PseudoLabels]]]:
        """Strong views in each student's domain, mixed by the same boxes.

        Args:
            side (Side): Unlabeled images.
            targets (dict[str, PseudoLabels]): Pseudo-labels by student.

        Returns:
            dict: By student, its input (N, D, h, w), and the pseudo-labels of
            its peers.
        """
        strong = self.strong_images(side.image)
        inputs = {
            name: to_domain(network, strong[name])
            for name, network in self.student.items()
        }
        mix, mask, index = mix_in_domains(self.mixer, inputs.values(),
                                          side.image.shape[2:])
        labels = {
            name: PseudoLabels(mix(label), mix(weight))
            for name, (label, weight) in targets.items()
        }
        first = next(iter(labels))
        self.pseudo_label, self.pseudo_weight = targets[first]
        self.mixed = Mixed(mix(strong[first]), *labels[first], mask, index)
        return {
            name: (mix(image),
                   [labels[peer] for peer in labels if peer != name])
            for name, image in inputs.items()
        }

    def strong_images(self, image: Tensor) -> dict[str, Tensor]:
        """The strong view of each student, before its domain.

        Args:
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            dict[str, Tensor]: Images by student; students of one domain share
            them unless ``views`` is ``'student'``.
        """
        keys = {
            name: name if self.views == 'student' else domain_of(network)
            for name, network in self.student.items()
        }
        views = {
            key: self.augment(image)
            for key in dict.fromkeys(keys.values())
        }
        return {name: views[key] for name, key in keys.items()}

    def peer_pass(self, name: str, image: Tensor,
                  targets: list[PseudoLabels]) -> tuple[Losses, None]:
        """The mixed images of one student and the labels of its peers.

        Args:
            name (str): Name of the student.
            image (Tensor): Its input, of shape (N, D, h, w).
            targets (list[PseudoLabels]): Pseudo-labels of each peer.

        Returns:
            tuple: Losses ``NAME.mixed``, means over the peers.
        """
        network = self.student[name]
        logits = all_logits(network, network.extract_feat(image),
                            targets[0].label.shape[1:])
        terms = [
            pseudo_losses(network, logits, *target, self.mixed_auxiliary)
            for target in targets
        ]
        means = {
            key: sum(term[key] for term in terms) / len(terms)
            for key in terms[0]
        }
        return {f'{name}.mixed': means}, None

    @property
    def ignore_index(self) -> int:
        """Id of pixels without a label."""
        return next(iter(self.student.values())).decode_head.ignore_index

    @property
    def can_share_graph(self) -> bool:
        """Whether steps can share a graph: passes of peers are not shared."""
        return False

    def weigh(self, part: str, loss: Tensor) -> Tensor:
        """A loss times its weight, as a share of the mean over students.

        Args:
            part (str): Such as ``NAME.labeled``.
            loss (Tensor): A scalar.

        Returns:
            Tensor: A scalar.
        """
        part = part.rpartition('.')[2]
        return self.loss_weights[part] * loss / len(self.student)
