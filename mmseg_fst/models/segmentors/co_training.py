"""Students that label for one another."""
from collections.abc import Sequence
from typing import Literal, Optional

import torch
import torch.nn.functional as F
from mmseg.utils import SampleList, add_prefix
from torch import Tensor, nn

from mmseg_fst.models.domains import domain_of, to_domain
from mmseg_fst.models.losses import (
    all_logits,
    labeled_losses,
    pseudo_losses,
    resize_logits,
)
from mmseg_fst.ops import DeferredGradient, Mixed, agreement, ignore_padding
from mmseg_fst.registry import MODELS

from .student_teacher import (
    check_no_checkpoints,
    check_same_shape,
    stack_labels,
)
from .students import ENSEMBLE, StudentsSegmentor


@MODELS.register_module()
class CoTrainingSegmentor(StudentsSegmentor):
    """Students of any architecture that label for one another.

    One training step, for students i and j::

        image_labeled, image_unlabeled -> i -> loss on label_labeled
                                            -> pseudo_labeler -> label_i
        image_unlabeled -> photometric -> domain of i -> mixer -> image_mixed
        image_mixed -> i -> mean over all j != i of the loss on label_j, mixed
        loss: mean over the students

    With students that differ only in their initialization this is CPS (Chen
    et al., CVPR 2021) and, of more than two, n-CPS (Filipiak et al. 2021);
    with different architectures and input domains Diverse Co-training (Li et
    al., ICCV 2023), whose 2-cps and 3-cps have 2 and 3 students. All are
    treated alike; none is the first.

    A student reads RGB images, unless its backbone has a ``domain``, a name,
    and a method ``to_domain`` from normalized images to what it reads.

    Args:
        students (dict[str, dict]): Config of each, an ``EncoderDecoder`` of
            MMSegmentation, by name.
        data_preprocessor (dict): Config of a
            :class:`SelfTrainingDataPreProcessor`.
        pseudo_labeler (dict): Config of the module that turns logits into
            pseudo-labels.
        mixer (dict): Config of a mixer of unlabeled images, :class:`CutMix`
            or :class:`NoMix`.
        photometric (dict, optional): Config of the strong augmentation.
            Defaults to None.
        views (str): Who sees the same draw of it: students of one
            ``'domain'``, as in the release of Diverse Co-training, or none,
            ``'student'``, as in its paper. Defaults to ``'domain'``.
        label_with (str): ``'peers'``, or ``'future'``: the teachers, a copy
            of each student that a hook moves ahead of it. This is our own
            experiment, see :class:`SelfLookAheadHook`. Defaults to
            ``'peers'``.
        backward (str): When a student's loss is differentiated: ``'staged'``,
            as soon as it is known, so that one graph at a time is kept in
            memory, or ``'joint'``, all at the end, which goes with
            ``with_cp=True`` of a backbone. The gradients are the same up to
            rounding. Defaults to ``'staged'``.
        mixed_auxiliary (str): See
            :func:`mmseg_fst.models.losses.pseudo_losses`. Defaults to
            ``'weighted'``.
        loss_weights (dict, optional): Factors of the losses ``labeled`` and
            ``mixed``. Defaults to None: all 1.
        predict_with (str): Name of a student, or ``'ensemble'``: the mean of
            their probabilities. Defaults to ``'ensemble'``.
        protocol (dict, optional): Config of a :class:`Protocol`, by which
            predictions are made. Defaults to None: ``test_cfg`` of each
            student.

    Raises:
        ValueError: If there are fewer than two students, or an argument has
            none of the values above.
    """

    def __init__(self,
                 students: dict[str, dict],
                 data_preprocessor: dict,
                 pseudo_labeler: dict,
                 mixer: dict,
                 photometric: Optional[dict] = None,
                 views: Literal['domain', 'student'] = 'domain',
                 label_with: Literal['peers', 'future'] = 'peers',
                 backward: Literal['staged', 'joint'] = 'staged',
                 mixed_auxiliary: Literal['weighted', 'plain',
                                          'off'] = 'weighted',
                 loss_weights: Optional[dict[str, float]] = None,
                 predict_with: str = ENSEMBLE,
                 protocol: Optional[dict] = None) -> None:
        if len(students) < 2 or ENSEMBLE in students:
            raise ValueError(
                f'CoTrainingSegmentor: students={list(students)}; give two '
                f'or more, none of them named {ENSEMBLE!r}.')
        for name, value, known in (
            ('views', views, ('domain', 'student')),
            ('label_with', label_with, ('peers', 'future')),
            ('backward', backward, ('staged', 'joint')),
            ('mixed_auxiliary', mixed_auxiliary, ('weighted', 'plain',
                                                  'off'))):
            if value not in known:
                raise ValueError(
                    f'CoTrainingSegmentor: {name}={value!r} is not known; '
                    f'give {" or ".join(map(repr, known))}.')
        built = nn.ModuleDict({
            name: MODELS.build(config)
            for name, config in students.items()
        })
        super().__init__(
            built,
            data_preprocessor,
            with_teacher=label_with == 'future',
            with_pretrained=False,
            teacher_mode='train',
            predict_with=predict_with,
            protocol=protocol)
        self.pseudo_labeler = MODELS.build(pseudo_labeler)
        self.mixer = MODELS.build(mixer)
        if not hasattr(self.mixer, 'plan'):
            raise ValueError(
                f'CoTrainingSegmentor: mixer={mixer["type"]!r} does not mix '
                "unlabeled images alone; give 'CutMix' or 'NoMix'.")
        self.photometric = photometric and MODELS.build(photometric)
        self.views = views
        self.backward = backward
        self.mixed_auxiliary = mixed_auxiliary
        self.loss_weights = dict(labeled=1., mixed=1.)
        unknown = set(loss_weights or ()) - set(self.loss_weights)
        if unknown:
            raise ValueError(
                f'CoTrainingSegmentor: loss_weights has {sorted(unknown)}; '
                "its keys are 'labeled' and 'mixed'.")
        self.loss_weights.update(loss_weights or {})
        if backward == 'staged':
            check_no_checkpoints(self.student, backward)
        self.loss_scaler = None  # set by a hook if precision is mixed
        # The last mixed batch of one student, kept for hooks that draw.
        self.mixed: Optional[Mixed] = None
        self.pseudo_label: Optional[Tensor] = None

    def loss(self, inputs: dict[str, Tensor],
             data_samples: dict[str, SampleList]) -> dict[str, Tensor]:
        """Losses of one training step.

        Args:
            inputs (dict): ``labeled`` and ``unlabeled`` images, each
                normalized and of shape (N, 3, H, W).
            data_samples (dict): The data samples of each; the labeled ones
                hold ``gt_sem_seg``.

        Returns:
            dict[str, Tensor]: Scalars ``STUDENT.labeled.*`` and
            ``STUDENT.mixed.*``, each a share of the loss; ``agreement``, the
            share of pixels with one pseudo-label from all students, and
            ``pseudo_label_weight``.

        Raises:
            ValueError: If the two batches differ in shape.
        """
        image_labeled, image_unlabeled = inputs['labeled'], inputs['unlabeled']
        label = stack_labels(data_samples['labeled'])
        check_same_shape(image_labeled, image_unlabeled)
        both = torch.cat([image_labeled, image_unlabeled])
        losses: dict[str, Tensor] = {}
        pseudo: dict[str, tuple[Tensor, Tensor]] = {}
        held: list[DeferredGradient] = []
        for name in self.student:
            ours, pseudo[name] = self._learn_and_label(
                name, both, label, data_samples['unlabeled'], held)
            losses.update(ours)
        mixed = self.make_mixed_batches(image_unlabeled, pseudo)
        for name, (image, labels) in mixed.items():
            ours = self.mixed_losses(name, image, labels)
            losses.update(self._finish(name, ours, held))
        if held:
            # One loss passes all gradients on, in a single backward.
            name = next(iter(losses))
            for one in held:
                losses[name] = one.attach(losses[name])
        losses['agreement'] = agreement([one for one, _ in pseudo.values()])
        losses['pseudo_label_weight'] = torch.stack(
            [weight.mean() for _, weight in pseudo.values()]).mean()
        return losses

    def _learn_and_label(
        self, name: str, image: Tensor, label: Tensor, samples: SampleList,
        held: list[DeferredGradient]
    ) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
        """Labeled losses and pseudo-labels of one student.

        Its logits, the largest maps of all, end here.
        """
        losses, logits = self.first_pass(name, image, label)
        losses = self._finish(name, losses, held)
        if self.teacher is not None:
            logits = self.future_logits(name, image, len(label))
        return losses, self.label_unlabeled(logits, samples)

    def _finish(self, name: str, losses: dict[str, Tensor],
                held: list[DeferredGradient]) -> dict[str, Tensor]:
        """Share of the losses of one pass; differentiated if staged."""
        losses = {
            key: self.loss_weights[key.partition('.')[0]] * loss /
            len(self.student)
            for key, loss in losses.items()
        }
        if self.backward == 'staged' and torch.is_grad_enabled():
            scale = None
            if self.loss_scaler is not None:
                scale = self.loss_scaler.scale(
                    next(iter(losses.values())).new_ones(()))
            held.append(
                DeferredGradient([sum(losses.values())],
                             self.student[name].parameters(), scale))
            losses = {key: loss.detach() for key, loss in losses.items()}
        return add_prefix(losses, name)

    def first_pass(self, name: str, image: Tensor,
                   label: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Labeled and unlabeled images through one student, together.

        Args:
            name (str): The student.
            image (Tensor): Labeled and then unlabeled images, of shape
                (N + M, 3, H, W).
            label (Tensor): Class ids of the former, (N, H, W), int64.

        Returns:
            tuple: Losses of the labeled images, ``labeled.*``, and logits
            (M, C, H, W) of the unlabeled ones, without a gradient.
        """
        network, count = self.student[name], len(label)
        features = network.extract_feat(to_domain(network, image))
        logits = all_logits(network, features, label.shape[1:])
        losses = labeled_losses(
            network, {head: one[:count] for head, one in logits.items()},
            label)
        return (add_prefix(losses, 'labeled'),
                logits['decode'][count:].detach())

    @torch.no_grad()
    def future_logits(self, name: str, image: Tensor, count: int) -> Tensor:
        """What a student of the future sees in the unlabeled images.

        Args:
            name (str): The student.
            image (Tensor): As in :meth:`first_pass`.
            count (int): Number of labeled images.

        Returns:
            Tensor: Logits of shape (M, C, H, W).
        """
        network = self.teacher[name]
        return resize_logits(
            network(to_domain(network, image)), image.shape[2:],
            network.align_corners)[count:]

    @torch.no_grad()
    def label_unlabeled(self, logits: Tensor,
                        samples: SampleList) -> tuple[Tensor, Tensor]:
        """Pseudo-labels of one student.

        Args:
            logits (Tensor): Its logits, of shape (N, C, H, W).
            samples (list[SegDataSample]): The data samples; what is padding
                is told by ``img_shape`` and is ignored.

        Returns:
            tuple[Tensor, Tensor]: ``label`` (N, H, W), int64, and ``weight``
            (N, H, W), float32.
        """
        label, weight = self.pseudo_labeler(logits)
        shapes = [
            sample.metainfo.get('img_shape', label.shape[1:])
            for sample in samples
        ]
        first = next(iter(self.student.values()))
        return ignore_padding(label, shapes,
                              first.decode_head.ignore_index), weight

    @torch.no_grad()
    def make_mixed_batches(
        self, image: Tensor, pseudo: dict[str, tuple[Tensor, Tensor]]
    ) -> dict[str, tuple[Tensor, list[tuple[Tensor, Tensor]]]]:
        """Strong views in each student's domain, mixed by the same boxes.

        Boxes are drawn on the coarsest grid that a student reads, so that
        they are the same for all of them.

        Args:
            image (Tensor): Unlabeled images of shape (N, 3, H, W).
            pseudo (dict): Pseudo-labels and their weights by student, each of
                shape (N, H, W).

        Returns:
            dict: By student, what it reads, (N, D, h, w), and the
            pseudo-labels and weights of its peers.
        """
        strong = self._strong_views(image)
        inputs = {
            name: to_domain(network, strong[name])
            for name, network in self.student.items()
        }
        grid = min((one.shape[2:] for one in inputs.values()),
                   key=lambda size: size[0] * size[1])
        mask, index = self.mixer.plan(len(image), tuple(grid), image.device)
        pixels = _resize_mask(mask, image.shape[2:])

        def mixed(part: Tensor) -> Tensor:
            at = _resize_mask(mask, part.shape[-2:])
            return torch.where(at[:, None] if part.dim() == 4 else at,
                               part[index], part)

        labels = {
            name: (mixed(label), mixed(weight))
            for name, (label, weight) in pseudo.items()
        }
        name, (self.pseudo_label, _) = next(iter(pseudo.items()))
        self.mixed = Mixed(
            mixed(strong[name]), *labels[name], pixels, index)
        return {
            name: (mixed(one),
                   [labels[peer] for peer in labels if peer != name])
            for name, one in inputs.items()
        }

    def _strong_views(self, image: Tensor) -> dict[str, Tensor]:
        """The strong view of each student, normalized RGB images."""
        if self.photometric is None:
            return dict.fromkeys(self.student, image)
        preprocessor = self.data_preprocessor
        keys = {
            name: name if self.views == 'student' else domain_of(network)
            for name, network in self.student.items()
        }
        views = {
            key: self.photometric(image, preprocessor.mean, preprocessor.std)
            for key in dict.fromkeys(keys.values())
        }
        return {name: views[key] for name, key in keys.items()}

    def mixed_losses(
            self, name: str, image: Tensor,
            labels: Sequence[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
        """Losses of one student on what its peers have labeled.

        Args:
            name (str): The student.
            image (Tensor): What it reads, of shape (N, D, h, w).
            labels (Sequence[tuple[Tensor, Tensor]]): Pseudo-label and weight
                of each peer, of shape (N, H, W).

        Returns:
            dict[str, Tensor]: Scalars ``mixed.*``, means over the peers.
        """
        network = self.student[name]
        logits = all_logits(network, network.extract_feat(image),
                                labels[0][0].shape[1:])
        terms = [
            pseudo_losses(network, logits, label, weight,
                          self.mixed_auxiliary) for label, weight in labels
        ]
        return add_prefix(
            {key: sum(term[key] for term in terms) / len(terms)
             for key in terms[0]}, 'mixed')


def _resize_mask(mask: Tensor, size: Sequence[int]) -> Tensor:
    """Resize a bool mask (N, h, w) to (N, *size), by the nearest pixel."""
    if tuple(mask.shape[1:]) == tuple(size):
        return mask
    return F.interpolate(mask[:, None].float(), tuple(size))[:, 0] > 0
