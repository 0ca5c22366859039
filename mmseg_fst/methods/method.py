"""The base class of all methods: what their training steps share."""
from collections.abc import Sequence
from typing import Any, Literal, Optional, Union

import torch
import torch.nn.functional as F
from mmseg.utils import SampleList
from torch import Tensor, nn

from mmseg_fst.models.losses import (
    all_logits,
    labeled_losses,
    resize_logits,
    view_losses,
)
from mmseg_fst.models.multi_scale_segmentor import context_of, encode_stages
from mmseg_fst.ops import Mixed, class_logits, mix_labels, weigh_boxes
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.progress import training_iteration

from .batch import Batch, PseudoLabels, Side
from .step import Losses, Step
from .student_teacher import (
    StudentTeacher,
    check_no_checkpoints,
    checkpointed,
    set_batch_norm,
)


class Method(StudentTeacher):
    """A student, what it learns from, and who labels for it.

    A method overrides :meth:`train_on`, which reads like its paper; what a
    training step consists of is written there and nowhere else. When weights
    move is up to hooks (:class:`mmseg_fst.engine.MeanTeacherHook`,
    :class:`mmseg_fst.engine.FSTHook`), so FST is one line of a config for
    every method with a teacher::

        loss(inputs, data_samples)
          train_on(step, batch)          the method
            step.learn(name, compute)    a pass of the student and its losses
            self.pseudo_labels(side)     labels of the teacher
            self.mixed_view(...)         the strong view
          masked_consistency             a pass of masked images, if given
          step.finish()                  one loss, one backward pass

    Args:
        segmentor (dict | nn.Module): Config of the student, an
            ``EncoderDecoder`` of MMSegmentation, or all that is trained.
        data_preprocessor (dict): Config of a
            :class:`SelfTrainingDataPreProcessor`.
        pseudo_labeler (dict, optional): Config of the module that turns
            logits into pseudo-labels and their weights.
        mixer (dict, optional): Config of the module that mixes labeled and
            unlabeled images, such as :class:`ClassMix`.
        photometric (dict, optional): Config of the strong augmentation.
            Defaults to None.
        regularizer (dict, optional): Config of a :class:`FeatureDistance`;
            a frozen copy of the pretrained encoder is then kept. Defaults to
            None.
        backward (str): When losses are differentiated. ``'staged'``: each
            pass before the next one begins, so that one graph at a time is in
            memory. ``'separate'``: likewise, with the feature distance on its
            own, which rounds as the authors' release does. ``'joint'``: all
            at the end, the only way that goes with ``with_cp=True`` of a
            backbone. The gradients are equal up to rounding. Defaults to
            ``'staged'``.
        mixed_auxiliary (str): What auxiliary heads learn from mixed images,
            see :func:`mmseg_fst.models.losses.pseudo_losses`: ``'weighted'``,
            ``'plain'`` as in the releases of DAFormer and FST, or ``'off'``
            as in U2PL. Defaults to ``'weighted'``.
        loss_weights (dict, optional): Weights of the losses by part, see
            ``parts`` of the class. Defaults to None: all 1.
        warmup_iters (int): First iterations in which the student learns from
            labels only. Defaults to 0.
        teacher_mode (str): See :class:`StudentTeacher`. Defaults to
            ``'train'``.
        predict_with (str): See :class:`StudentTeacher`. Defaults to
            ``'student'``.
        protocol (dict, optional): See :class:`StudentTeacher`. Defaults to
            None.
        frozen_dtype (str, optional): See :class:`StudentTeacher`. Defaults to
            None.
        masked_consistency (dict, optional): Config of a :class:`MaskedPass`:
            the student of a method with a teacher is also trained on masked
            images, as in MIC, the part ``masked`` of the loss. Defaults to
            None.

    Raises:
        ValueError: If an argument has none of the values above, or the
            method needs one that is not given.
    """

    #: Parts of the loss, which ``loss_weights`` may weight.
    parts: tuple[str, ...] = ('labeled', 'mixed')
    #: Sides of a batch that ``train_on`` reads.
    sides: tuple[str, ...] = ('labeled', 'unlabeled')
    #: Arguments without which the method is not defined.
    required: tuple[str, ...] = ('pseudo_labeler', 'mixer')
    #: Arguments that the method does not use.
    unused: tuple[str, ...] = ()
    #: Whether there is a teacher.
    with_teacher: bool = True
    #: Whether all images go through the student in a single pass.
    single_pass: bool = False
    #: Views that mixed images consist of, each with a separate mean.
    num_views: int = 1

    # A module that is not given is None. ``required`` guarantees the first
    # two for the methods that call them.
    pseudo_labeler: nn.Module
    mixer: nn.Module
    photometric: Optional[nn.Module]
    regularizer: Optional[nn.Module]
    masked_consistency: Any

    def __init__(
            self,
            segmentor: Union[dict, nn.Module],
            data_preprocessor: dict,
            pseudo_labeler: Optional[dict] = None,
            mixer: Optional[dict] = None,
            photometric: Optional[dict] = None,
            regularizer: Optional[dict] = None,
            backward: Literal['staged', 'separate', 'joint'] = 'staged',
            mixed_auxiliary: Literal['weighted', 'plain', 'off'] = 'weighted',
            loss_weights: Optional[dict[str, float]] = None,
            warmup_iters: int = 0,
            teacher_mode: Literal['train', 'eval'] = 'train',
            predict_with: str = 'student',
            protocol: Optional[dict] = None,
            frozen_dtype: Optional[Literal['bfloat16', 'float16']] = None,
            masked_consistency: Optional[dict] = None
    ) -> None:
        self._check_required(pseudo_labeler=pseudo_labeler, mixer=mixer)
        self._check_unused(regularizer=regularizer, warmup_iters=warmup_iters,
                           photometric=photometric)
        student = (
            segmentor if isinstance(segmentor, nn.Module) else
            MODELS.build(segmentor))
        super().__init__(student, data_preprocessor, self.with_teacher,
                         bool(regularizer), teacher_mode, predict_with,
                         protocol, frozen_dtype)
        self.pseudo_labeler = _build_optional(pseudo_labeler)
        self.mixer = _build_optional(mixer)
        self.photometric = _build_optional(photometric)
        self.regularizer = _build_optional(regularizer)
        self.masked_consistency = _build_optional(masked_consistency)
        if self.masked_consistency is not None:
            self._check_masked()
            self.parts = (*self.parts, 'masked')
        self.backward = self.check_choice(
            'backward', backward, ('joint', 'staged', 'separate'))
        self.mixed_auxiliary = self.check_choice(
            'mixed_auxiliary', mixed_auxiliary, ('weighted', 'plain', 'off'))
        self.loss_weights = self._check_loss_weights(loss_weights or {})
        if warmup_iters < 0:
            raise ValueError(f'{type(self).__name__}: warmup_iters must be at '
                             f'least 0, got {warmup_iters}.')
        self.warmup_iters = warmup_iters
        several = not self.single_pass or self.masked_consistency is not None
        if several and backward != 'joint':
            check_no_checkpoints(self.student, backward)
        # The last mixed batch and pseudo-labels, for masked images and for
        # hooks that show or measure them; no later step reads them.
        self.mixed: Optional[Mixed] = None
        self.pseudo_label: Optional[Tensor] = None
        self.pseudo_weight: Optional[Tensor] = None

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step; this is the method.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        raise NotImplementedError

    def loss(self, inputs: dict[str, Tensor],
             data_samples: dict[str, SampleList]) -> dict[str, Tensor]:
        """Losses of one training step.

        Args:
            inputs (dict): Images of each side, normalized and of shape
                (N, C, H, W).
            data_samples (dict): The data samples of each side; labeled ones
                hold ``gt_sem_seg``.

        Returns:
            dict[str, Tensor]: Scalars. Those whose name contains ``loss`` are
            summed and minimized, the others are logged.

        Raises:
            ValueError: If two sides that are combined differ in shape.
        """
        discard = getattr(self.pseudo_labeler, 'discard', None)
        if discard is not None:
            discard()  # what virtual steps have staged
        step, batch = Step(self), Batch(inputs, data_samples)
        if training_iteration() < self.warmup_iters:
            self.supervised_warmup(step, batch)
        else:
            batch.check_same_shape(
                *(name for name in self.sides
                  if name in ('labeled', 'unlabeled')))
            self.train_on(step, batch)
            if self.masked_consistency is not None:
                self.masked_consistency.train_on(self, step, batch)
        return step.finish()

    # Passes of the student: each returns its losses and an output.

    def supervised(self, side: Side) -> tuple[Losses, None]:
        """The pass of labeled images.

        Args:
            side (Side): Images of shape (N, C, H, W) with labels.

        Returns:
            tuple: Losses ``labeled``, and no output.
        """
        stages, features = self.stages_of(side.image)
        logits = all_logits(self.student, features, side.label.shape[1:])
        return self.labeled_losses(logits, stages, side), None

    def stages_of(
            self, image: Tensor) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """Feature maps of the student's backbone, and of its neck.

        Args:
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            tuple: Feature maps (N, D, h, w) of both; the same without a neck.
            Of two scales see :class:`MultiScaleSegmentor`.
        """
        return encode_stages(self.student, image)

    def consistency(self, step: Step, mixed: Mixed) -> tuple[Losses, None]:
        """The pass of mixed images.

        Args:
            step (Step): The training step.
            mixed (Mixed): Images of shape (N, C, H, W) with pseudo-labels.

        Returns:
            tuple: Losses ``mixed``, and no output.
        """
        logits = step.once(
            'mixed_pass',
            lambda: all_logits(self.student, self.features_of(mixed.image),
                               mixed.label.shape[1:]),
            forward=True)
        losses = view_losses(self.student, logits, mixed.label, mixed.weight,
                             self.mixed_auxiliary, self.num_views)
        return dict(mixed=losses), None

    def features_of(self, image: Tensor) -> list[Tensor]:
        """Features of mixed images; a method may perturb them.

        Args:
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            list[Tensor]: Feature maps (N, D, h, w), finest first.
        """
        return self.student.extract_feat(image)

    def supervised_warmup(self, step: Step, batch: Batch) -> None:
        """A step of the first ``warmup_iters`` iterations.

        Running statistics that the teacher updates by its own passes follow
        the labeled images meanwhile.

        Args:
            step (Step): The training step.
            batch (Batch): The batch.
        """
        step.learn('labeled', lambda: self.supervised(batch.labeled))
        if self.auxiliary:
            self.use_all(step)
        if self.teacher is not None and self.teacher_updates_statistics:
            self.teacher_warmup(batch.labeled.image)

    def use_all(self, step: Step) -> None:
        """Add 0 times all parameters to the loss, also unused ones.

        Distributed processes wait for the gradient of every parameter.

        Args:
            step (Step): The training step.
        """
        total = torch.stack(
            [weight.sum() for weight in self.trained_parameters()]).sum()
        step.log(loss_unused=0 * total)

    @torch.no_grad()
    def teacher_warmup(self, image: Tensor) -> None:
        """Let the running statistics of the teacher follow labeled images.

        Args:
            image (Tensor): Images of shape (N, C, H, W).
        """
        teacher = self.network('teacher')
        set_batch_norm(teacher, training=True)
        with self.frozen_pass(image.device):
            teacher(image)
        set_batch_norm(teacher, self.teacher_mode == 'train')

    # Parts of the passes.

    def labeled_losses(self, logits: dict[str, Tensor],
                       stages: Sequence[Tensor], side: Side) -> Losses:
        """Losses of labeled images.

        Args:
            logits (dict[str, Tensor]): Logits of each head, (N, C, H, W).
            stages (Sequence[Tensor]): Feature maps of the backbone.
            side (Side): The images.

        Returns:
            dict: The part ``labeled``.
        """
        losses = labeled_losses(self.student, logits, side.label)
        if self.regularizer:
            losses['loss_feature_distance'] = self.regularizer(
                stages[-1], self.pretrained_features(side.image), side.label)
        return dict(labeled=losses)

    @torch.no_grad()
    def pretrained_features(self, image: Tensor) -> Tensor:
        """Features of the frozen encoder, computed once an iteration.

        Args:
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            Tensor: Its last feature map, of shape (N, D, h, w).

        Raises:
            RuntimeError: If the method has no pretrained encoder.
        """
        encoder = self.pretrained_encoder
        if encoder is None:
            raise RuntimeError(
                f'{type(self).__name__} has no pretrained encoder; set '
                '`model.regularizer` in the config.')

        def compute() -> Tensor:
            with self.frozen_pass(image.device):
                return encoder(context_of(self.student, image))[-1]

        if self.step_cache is None:
            return compute()
        return self.step_cache.constant('pretrained', compute)

    @torch.no_grad()
    def pseudo_labels(self,
                      side: Side,
                      logits: Optional[Tensor] = None) -> PseudoLabels:
        """Pseudo-labels of unlabeled images; padding is ignored.

        Args:
            side (Side): Images of shape (N, C, H, W).
            logits (Tensor, optional): Logits (N, C, H, W) to take the labels
                from. Defaults to None: the teacher's.

        Returns:
            PseudoLabels: Labels and weights of shape (N, H, W).
        """
        if logits is None:
            with self.frozen_pass(side.image.device):
                logits = self.network('teacher')(side.image)
            logits = resize_logits(
                logits.to(side.image.dtype), side.image.shape[2:],
                self.student.align_corners)
        label, weight = self.pseudo_labeler(
            class_logits(logits.detach(), self.threshold))
        return self.without_padding(label, weight, side)

    def without_padding(self, label: Tensor, weight: Tensor,
                        side: Side) -> PseudoLabels:
        """Pseudo-labels outside of padding and margins, stored for hooks.

        Args:
            label (Tensor): Class ids of shape (N, H, W), int64.
            weight (Tensor): Their weights, (N, H, W), float32.
            side (Side): The images.

        Returns:
            PseudoLabels: Labels and weights.
        """
        label = side.ignore_padding(label, self.ignore_index)
        weight = weigh_boxes(weight, side.trusted_boxes, side.corners)
        self.pseudo_label, self.pseudo_weight = label, weight
        return PseudoLabels(label, weight)

    def enlarge_labels(self, label: Tensor, side: Side) -> PseudoLabels:
        """Pseudo-labels of a lower resolution as :meth:`without_padding`.

        Args:
            label (Tensor): Class ids of shape (N, h, w), int64.
            side (Side): The images, (N, C, H, W).

        Returns:
            PseudoLabels: Labels and weights of shape (N, H, W); the weight is
            1 where there is a label.
        """
        full = F.interpolate(
            label[:, None].float(), side.image.shape[2:])[:, 0].long()
        weight = (full != self.ignore_index).to(torch.float32)
        return self.without_padding(full, weight, side)

    @property
    def last_labels(self) -> PseudoLabels:
        """The last pseudo-labels, of unlabeled images, (N, H, W).

        Raises:
            RuntimeError: If the method has computed none.
        """
        if self.pseudo_label is None or self.pseudo_weight is None:
            raise RuntimeError(
                f'{type(self).__name__} has no pseudo-labels for '
                '`model.masked_consistency`: let `train_on` compute them with '
                '`self.pseudo_labels(batch.unlabeled)`.')
        return PseudoLabels(self.pseudo_label, self.pseudo_weight)

    # Strong views.

    def strong_view(self, batch: Batch, target: PseudoLabels) -> Mixed:
        """The images that the student learns from, sampled.

        Here labeled and unlabeled images are mixed and then augmented, as in
        DACS.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        labeled, unlabeled = batch.labeled, batch.unlabeled
        mixed = self.mixer((labeled.image, labeled.label),
                           (unlabeled.image, *target))
        return mixed._replace(image=self.augment(mixed.image))

    def augment_then_mix(self, batch: Batch, target: PseudoLabels) -> Mixed:
        """A strong view for methods that augment unlabeled images only.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        labeled = batch.labeled.image, batch.labeled.label
        image = self.augment(batch.unlabeled.image)
        return self.mixer(labeled, (image, *target))

    def mixed_view(self, step: Step, batch: Batch,
                   target: PseudoLabels) -> Mixed:
        """The strong view of this step.

        If FST's steps share their mixed images, the images of the first
        virtual step get the pseudo-labels of this one.

        Args:
            step (Step): The training step.
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        mixed = step.once('mix', lambda: self.strong_view(batch, target))
        if step.shares_mix:
            mixed = mix_labels(mixed, batch.labeled.label, *target)
        self.mixed = mixed
        return mixed

    def augment(self, image: Tensor) -> Tensor:
        """Apply the strong photometric augmentation, if there is one.

        Args:
            image (Tensor): Normalized images of shape (N, C, H, W).

        Returns:
            Tensor: Images of the same shape.
        """
        if self.photometric is None:
            return image
        preprocessor = self.data_preprocessor
        return self.photometric(image, preprocessor.mean, preprocessor.std)

    # For Step and for hooks.

    @property
    def ignore_index(self) -> int:
        """Id of pixels without a label."""
        return self.student.decode_head.ignore_index

    def weigh(self, part: str, loss: Tensor) -> Tensor:
        """A loss times its weight.

        Args:
            part (str): One of ``parts``.
            loss (Tensor): A scalar.

        Returns:
            Tensor: A scalar.
        """
        return self.loss_weights[part] * loss

    @property
    def can_share_graph(self) -> bool:
        """Whether steps can share a graph, see :class:`StepCache`."""
        return (self.teacher is not None and self.backward != 'joint'
                and not checkpointed(self.student))

    @property
    def teacher_updates_statistics(self) -> bool:
        """Whether passes of the teacher update its running statistics."""
        return self.teacher_mode == 'train'

    # Checks of arguments.

    def check_choice(self, name: str, value: str,
                     choices: tuple[str, ...]) -> str:
        """Return an argument that must be one of several values.

        Args:
            name (str): Its name.
            value (str): Its value.
            choices (tuple[str, ...]): The values allowed.

        Returns:
            str: The value.

        Raises:
            ValueError: If it is none of them.
        """
        if value not in choices:
            raise ValueError(
                f'{type(self).__name__}: {name} must be '
                f'{" or ".join(map(repr, choices))}, got {value!r}.')
        return value

    def _check_required(self, **arguments: Optional[dict]) -> None:
        """Raise if an argument is missing, or given and not used."""
        for name, value in arguments.items():
            if (value is not None) != (name in self.required):
                verb = 'needs' if value is None else 'does not use'
                advice = ('set it in the config' if value is None else
                          'remove it from the config')
                raise ValueError(f'{type(self).__name__} {verb} '
                                 f'`model.{name}`; {advice}.')

    def _check_masked(self) -> None:
        """Raise if no moving average of a single student labels."""
        if not self.with_teacher or isinstance(self.student, nn.ModuleDict):
            raise ValueError(
                f'{type(self).__name__}: `model.masked_consistency` needs a '
                'teacher and a single student; remove it from the config, or '
                'choose a method with a teacher, such as MeanTeacher.')

    def _check_unused(self, **arguments: Any) -> None:
        """Raise if an argument is given that the method does not use."""
        for name in self.unused:
            if arguments[name]:
                raise ValueError(f'{type(self).__name__} does not use '
                                 f'`model.{name}`; take it out.')

    def _check_loss_weights(self, given: dict[str,
                                              float]) -> dict[str, float]:
        """Weights of all parts, 1 unless given."""
        unknown = sorted(set(given) - set(self.parts))
        if unknown:
            raise ValueError(
                f'{type(self).__name__}: loss_weights has the unknown keys '
                f'{unknown}; its parts are {", ".join(self.parts)}.')
        return {**dict.fromkeys(self.parts, 1.), **given}


def _build_optional(config: Optional[dict]) -> Any:
    """Build a module, or return None without a config."""
    return config and MODELS.build(config)
