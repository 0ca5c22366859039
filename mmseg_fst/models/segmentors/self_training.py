"""A student that learns from labels and from a teacher's pseudo-labels."""
from collections.abc import Callable
from typing import Any, Literal, Optional

import torch
from mmseg.utils import SampleList, add_prefix
from torch import Tensor

from mmseg_fst.models.losses import (
    all_logits,
    head_logits,
    heads_of,
    labeled_losses,
    pseudo_losses,
    represent,
    resize_logits,
)
from mmseg_fst.ops import (
    DeferredGradient,
    Mixed,
    TeacherView,
    concatenate,
    ignore_padding,
    mix_labels,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.progress import training_iteration

from .student_teacher import (
    StudentTeacherSegmentor,
    check_no_checkpoints,
    check_same_shape,
    checkpointed,
    set_batch_norm,
    stack_labels,
)


def _check(name: str, value: str, values: tuple[str, ...]) -> str:
    """Raise unless an argument has one of its values."""
    if value not in values:
        raise ValueError(f'SelfTrainingSegmentor: {name}={value!r} is not '
                         f'known; give {" or ".join(map(repr, values))}.')
    return value


@MODELS.register_module()
class SelfTrainingSegmentor(StudentTeacherSegmentor):
    """Self-training for any encoder-decoder of MMSegmentation.

    One training step, the same for domain adaptation and semi-supervision::

        image_labeled ---> student ---> logits ---> loss on label_labeled
        image_unlabeled -> teacher ---> pseudo_labeler -> label, weight
        both ------------> mixer -----> photometric ----> image_mixed
        image_mixed -----> student ---> logits ---> weighted loss on mixed

    What is computed stands here; when weights move is the business of a hook
    (:class:`MeanTeacherHook`, :class:`FSTHook`). Without ``pseudo_labeler``
    there is no teacher and the student learns from labels alone.

    Args:
        segmentor (dict): Config of the student, an ``EncoderDecoder`` of
            MMSegmentation.
        data_preprocessor (dict): Config of a
            :class:`SelfTrainingDataPreProcessor`.
        pseudo_labeler (dict, optional): Config of the module that labels
            unlabeled images. Defaults to None: no self-training, or
            ``label_with='file'``.
        label_with (str): ``'teacher'``, or ``'student'``: its own prediction
            for the unlabeled image, in the pass of the labeled ones
            (FixMatch, UniMatch), or ``'file'``: pseudo-labels that an earlier
            stage has written, loaded as the labels of the unlabeled side
            (ST++); there is no teacher in the latter two. Defaults to
            ``'teacher'``.
        mixer (dict, optional): Config of the module that mixes both batches;
            None to learn from labels alone. Defaults to None.
        photometric (dict, optional): Config of the strong augmentation.
            Defaults to None.
        photometric_on (str): What it changes: ``'mixed'`` images, or the
            ``'unlabeled'`` ones before they are mixed. Defaults to
            ``'mixed'``.
        labeled_iters (int): First iterations in which the student learns from
            labels alone, as in the first epoch of U2PL. Defaults to 0.
        num_views (int): Mixed batches, each drawn anew from the same
            pseudo-labels. Defaults to 1.
        pseudo_filter (dict, optional): Config of a module that drops
            pseudo-labels of the mixed batch by a second look of the teacher.
            Defaults to None.
        weak_perturbation (dict, optional): Config of a module that perturbs
            features of the unlabeled images, for one more loss on their own
            pseudo-labels; goes with ``label_with='student'``. Defaults to
            None.
        view_perturbation (dict, optional): Config of a module that perturbs
            features of mixed images. Defaults to None.
        regularizer (dict, optional): Config of a :class:`FeatureDistance`;
            a frozen copy of the pretrained encoder is then kept. Defaults to
            None.
        contrast (dict, optional): Config of a :class:`ContrastiveMemory`,
            without the numbers of classes and channels, which are those of
            the decode head; goes with ``passes='joint'`` and
            ``pseudo_filter``, whose second look it shares. Defaults to None.
        passes (str): ``'separate'``: labeled and mixed images go through the
            student one after the other, ``'joint'``: together, so that batch
            normalization sees both (U2PL). Defaults to ``'separate'``.
        backward (str): When the loss of the labeled batch is differentiated.
            ``'staged'``: before the mixed batch goes through the student, so
            that one graph at a time is kept in memory; ``'separate'``: so,
            and each labeled term on its own, which rounds as the authors'
            release does; ``'joint'``: with the mixed loss, the one way that
            goes with ``with_cp=True`` of a backbone. The gradients are the
            same up to rounding. Defaults to ``'staged'``.
        mixed_auxiliary (str): What auxiliary heads learn from mixed images,
            see :func:`mmseg_fst.models.losses.pseudo_losses`: ``'plain'`` as
            in the releases of DAFormer and FST, which leave the weights out
            where there is one such head, ``'off'`` as in U2PL. Defaults to
            ``'weighted'``.
        loss_weights (dict, optional): Factors of the losses ``labeled``,
            ``mixed`` and ``perturbed``. Defaults to None: all 1.
        teacher_mode (str): ``'train'``: the teacher normalizes with the
            statistics of the batch and its running statistics follow the
            unlabeled images, as in DACS, DAFormer and FST; dropout and
            stochastic depth stay off. ``'eval'``: it uses its running
            statistics, which the hook or ``pseudo_filter`` must then move.
            Defaults to ``'train'``.
        predict_with (str): Which network predicts, ``'student'`` or
            ``'teacher'``. Defaults to ``'student'``.
        protocol (dict, optional): Config of a :class:`Protocol`, by which
            predictions are made. Defaults to None: ``test_cfg`` of
            ``segmentor``.
        frozen_dtype (str, optional): Precision in which teacher and
            pretrained encoder compute while training, ``'bfloat16'`` or
            ``'float16'``. Defaults to None: that of the student.

    Raises:
        ValueError: If arguments do not go together, or one has none of the
            values above.
    """

    def __init__(self,
                 segmentor: dict,
                 data_preprocessor: dict,
                 pseudo_labeler: Optional[dict] = None,
                 label_with: Literal['teacher', 'student',
                                     'file'] = 'teacher',
                 mixer: Optional[dict] = None,
                 photometric: Optional[dict] = None,
                 photometric_on: Literal['mixed', 'unlabeled'] = 'mixed',
                 labeled_iters: int = 0,
                 num_views: int = 1,
                 pseudo_filter: Optional[dict] = None,
                 weak_perturbation: Optional[dict] = None,
                 view_perturbation: Optional[dict] = None,
                 regularizer: Optional[dict] = None,
                 contrast: Optional[dict] = None,
                 passes: Literal['separate', 'joint'] = 'separate',
                 backward: Literal['joint', 'staged', 'separate'] = 'staged',
                 mixed_auxiliary: Literal['weighted', 'plain',
                                          'off'] = 'weighted',
                 loss_weights: Optional[dict[str, float]] = None,
                 teacher_mode: Literal['train', 'eval'] = 'train',
                 predict_with: Literal['student', 'teacher'] = 'student',
                 protocol: Optional[dict] = None,
                 frozen_dtype: Optional[Literal['bfloat16',
                                                'float16']] = None) -> None:
        self.label_with = _check('label_with', label_with,
                                 ('teacher', 'student', 'file'))
        needs_labeler = mixer is not None and label_with != 'file'
        if (pseudo_labeler is not None) != needs_labeler:
            raise ValueError(
                'SelfTrainingSegmentor: pseudo_labeler and mixer go together;'
                ' give both for self-training, neither to learn from labels '
                "alone, or the mixer for label_with='file'.")
        has_teacher = pseudo_labeler is not None and label_with == 'teacher'
        super().__init__(
            MODELS.build(segmentor), data_preprocessor, has_teacher,
            bool(regularizer), teacher_mode, predict_with, protocol,
            frozen_dtype)

        def build(config: Optional[dict]):
            return config and MODELS.build(config)

        self.pseudo_labeler = build(pseudo_labeler)
        self.mixer = build(mixer)
        self.photometric = build(photometric)
        self.pseudo_filter = build(pseudo_filter)
        self.weak_perturbation = build(weak_perturbation)
        self.view_perturbation = build(view_perturbation)
        self.regularizer = build(regularizer)
        self.contrast = build(contrast and {
            **self._represented_shape(), **contrast
        })
        self.photometric_on = _check('photometric_on', photometric_on,
                                     ('mixed', 'unlabeled'))
        self.labeled_iters = labeled_iters
        self.num_views = num_views
        self.passes = _check('passes', passes, ('separate', 'joint'))
        self.backward = _check('backward', backward,
                               ('joint', 'staged', 'separate'))
        self.mixed_auxiliary = _check('mixed_auxiliary', mixed_auxiliary,
                                      ('weighted', 'plain', 'off'))
        self.loss_weights = dict(labeled=1., mixed=1., perturbed=1.)
        self.loss_weights.update(loss_weights or {})
        self.loss_scaler = None  # set by a hook if precision is mixed
        self._check_combination()
        # The last mixed batch and the pseudo-labels it was made from, kept
        # for hooks that draw or measure; no later step reads them.
        self.mixed: Optional[Mixed] = None
        self.pseudo_label: Optional[Tensor] = None
        self.pseudo_weight: Optional[Tensor] = None

    def _represented_shape(self) -> dict[str, int]:
        """Classes of the decode head and channels of its representation."""
        head = self.student.decode_head
        channels = getattr(head, 'representation_channels', None)
        return dict(
            num_classes=head.out_channels,
            channels=channels or head.out_channels)

    def _check_combination(self) -> None:
        """Raise on arguments that do not go together."""
        unknown = set(self.loss_weights) - {'labeled', 'mixed', 'perturbed'}
        if unknown:
            raise ValueError(
                f'SelfTrainingSegmentor: loss_weights has {sorted(unknown)}; '
                "its keys are 'labeled', 'mixed' and 'perturbed'.")
        if self.passes == 'joint' and (self.label_with == 'student'
                                       or self.regularizer):
            raise ValueError(
                "SelfTrainingSegmentor: passes='joint' goes with "
                "label_with='teacher' or 'file' and without a regularizer.")
        if self.contrast and (self.passes != 'joint'
                              or self.pseudo_filter is None):
            raise ValueError(
                "SelfTrainingSegmentor: contrast goes with passes='joint' and "
                'a pseudo_filter; give both, or take it out.')
        if self.pseudo_filter is not None and self.teacher is None:
            raise ValueError(
                'SelfTrainingSegmentor: pseudo_filter needs a teacher; give '
                "label_with='teacher'.")
        if self.weak_perturbation and self.label_with != 'student':
            raise ValueError(
                'SelfTrainingSegmentor: weak_perturbation goes with '
                "label_with='student', whose pass it shares.")
        if self.view_perturbation and self.passes == 'joint':
            raise ValueError(
                'SelfTrainingSegmentor: view_perturbation goes with '
                "passes='separate'; in a joint pass it would perturb "
                'labeled images too.')
        if self.labeled_iters < 0:
            raise ValueError('SelfTrainingSegmentor: labeled_iters='
                             f'{self.labeled_iters} is a number of '
                             'iterations; give 0 or more.')
        if self.num_views < 1:
            raise ValueError(f'SelfTrainingSegmentor: num_views='
                             f'{self.num_views} must be 1 or more.')
        needed = getattr(self.view_perturbation, 'num_views', None)
        if needed not in (None, self.num_views):
            raise ValueError(
                f'SelfTrainingSegmentor: num_views={self.num_views} does not '
                'go with view_perturbation='
                f'{type(self.view_perturbation).__name__}, which needs '
                f'num_views={needed}.')
        staged = self.passes == 'separate' and self.backward != 'joint'
        if self.mixer is not None and staged:
            check_no_checkpoints(self.student, self.backward)

    @property
    def can_keep_graph(self) -> bool:
        """Whether a step can leave its graph to another, see `StepCache`."""
        return (self.teacher is not None and self.backward != 'joint'
                and not checkpointed(self.student))

    def loss(self, inputs: dict[str, Tensor],
             data_samples: dict[str, SampleList]) -> dict[str, Tensor]:
        """Losses of one training step.

        Args:
            inputs (dict): ``labeled`` and, for self-training, ``unlabeled``
                images, each normalized and of shape (N, 3, H, W).
            data_samples (dict): The data samples of each; the labeled ones
                hold ``gt_sem_seg``.

        Returns:
            dict[str, Tensor]: Scalars; the ones named ``*loss*`` are summed
            up and minimized, the others are logged.

        Raises:
            ValueError: If the two batches differ in shape.
        """
        labeled = inputs['labeled'], stack_labels(data_samples['labeled'])
        if self.mixer is None:
            return self.first_pass(*labeled)[0]
        if training_iteration() < self.labeled_iters:
            return self.supervised_warmup(*labeled)
        unlabeled = inputs['unlabeled']
        check_same_shape(labeled[0], unlabeled)
        losses, weak, held = {}, None, None
        held_back = self.backward != 'joint' and torch.is_grad_enabled()
        if self.passes == 'separate' and self.label_with == 'student':
            losses, weak, perturbed = self.first_pass(*labeled, unlabeled)
        elif self.passes == 'separate' and held_back:
            losses, held = self._held_first_pass(labeled)
        elif self.passes == 'separate':
            losses = self.first_pass(*labeled)[0]
        target = self.label_unlabeled(unlabeled, data_samples['unlabeled'],
                                      weak and weak['decode'])
        if self.weak_perturbation:
            losses.update(
                self._weigh(
                    pseudo_losses(self.student, perturbed, *target,
                                  self.mixed_auxiliary), 'perturbed'))
        if losses and held_back and held is None:
            losses, held = self._hold(losses)
        mixed = self.make_mixed_batch(labeled, (unlabeled, *target))
        losses.update(self.mixed_losses(mixed, labeled, held))
        losses['pseudo_label_weight'] = self.pseudo_weight.mean()
        return losses

    def first_pass(
        self,
        image: Tensor,
        label: Tensor,
        weak: Optional[Tensor] = None
    ) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
        """Labeled images, and weakly augmented ones, through the student.

        Args:
            image (Tensor): Labeled images of shape (N, 3, H, W).
            label (Tensor): Class ids of shape (N, H, W), int64.
            weak (Tensor, optional): Unlabeled images of shape
                (M, 3, H, W). Defaults to None.

        Returns:
            tuple: The losses of the labeled images, ``labeled.*``; logits
            (M, C, H, W) of the weak images by head; the same from perturbed
            features.
        """
        count, parts = len(image), [image] if weak is None else [image, weak]
        features = stages = self.student.backbone(torch.cat(parts))
        if self.student.with_neck:
            features = self.student.neck(stages)
        if weak is not None and self.weak_perturbation:
            features = [
                torch.cat([feature, perturbed])
                for feature, perturbed in zip(
                    features,
                    self.weak_perturbation(
                        [feature[count:] for feature in features]))
            ]
        logits = all_logits(self.student, features, label.shape[1:])
        losses = labeled_losses(
            self.student, {name: one[:count] for name, one in logits.items()},
            label)
        if self.regularizer:
            losses['loss_feature_distance'] = self.regularizer(
                stages[-1][:count], self._pretrained_features(image), label)
        end = count + (0 if weak is None else len(weak))
        return (self._weigh(losses, 'labeled'),
                {name: one[count:end] for name, one in logits.items()},
                {name: one[end:] for name, one in logits.items()})

    @torch.no_grad()
    def _pretrained_features(self, image: Tensor) -> Tensor:
        """Last feature map of the frozen encoder, (N, C, h, w)."""

        def compute() -> Tensor:
            with self.frozen_pass(image.device):
                return self.pretrained_encoder(image)[-1]

        if self.step_cache is None:
            return compute()
        return self.step_cache.constant('pretrained', compute)

    def supervised_warmup(self, image: Tensor, label: Tensor) -> dict[str, Tensor]:
        """Losses before self-training begins.

        Running statistics that the teacher moves by its own passes follow the
        labeled images meanwhile.

        Args:
            image (Tensor): Labeled images of shape (N, 3, H, W).
            label (Tensor): Class ids of shape (N, H, W), int64.

        Returns:
            dict[str, Tensor]: Scalars, ``labeled.*``.
        """
        losses = self.first_pass(image, label)[0]
        if self.contrast is not None:
            # Several processes wait for the gradient of every weight.
            losses['loss_contrast'] = 0 * sum(
                weight.sum()
                for weight in self.student.decode_head.parameters())
        looks = self.pseudo_filter is not None and (
            self.pseudo_filter.batch_statistics)
        if self.teacher is not None and (looks
                                         or self.teacher_mode == 'train'):
            set_batch_norm(self.teacher, training=True)
            with torch.no_grad(), self.frozen_pass(image.device):
                self.teacher(image)
            set_batch_norm(self.teacher, self.teacher_mode == 'train')
        return losses

    def _represented_logits(
            self, features: list[Tensor],
            size: tuple[int, int]) -> tuple[dict[str, Tensor], Tensor]:
        """Logits by head, and the decode head's representation (N, D, h, w).
        """
        heads = heads_of(self.student)
        decode = heads.pop('decode')
        logits, representation = represent(decode, features)
        found = dict(decode=resize_logits(logits, size, decode.align_corners))
        for name, head in heads.items():
            found[name] = head_logits(head, features, size)
        return found, representation

    def _weigh(self, losses: dict[str, Tensor],
               part: str) -> dict[str, Tensor]:
        """Losses times their factor, their names after ``part``."""
        factor = self.loss_weights[part]
        return add_prefix(
            {name: factor * loss
             for name, loss in losses.items()}, part)

    def _held_first_pass(
            self, labeled: tuple[Tensor, Tensor]
    ) -> tuple[dict[str, Tensor], DeferredGradient]:
        """The first pass, differentiated; made once by steps that share it.
        """
        losses, held = self._share(
            'labeled', lambda: self._hold(self.first_pass(*labeled)[0]))
        return dict(losses), held

    def _share(self, part: str, compute: Callable[[], Any]) -> Any:
        """A pass of the student, or the one that is kept for this step."""
        kept = self.step_cache
        if kept is None or (kept.resample_mix and part != 'labeled'):
            return compute()
        return kept.run(part, None if part == 'mixed' else self.student,
                        compute)

    def _hold(self,
              losses: dict[str, Tensor],
              retain: bool = False) -> tuple[dict[str, Tensor], DeferredGradient]:
        """Losses of a pass without their graph, and its gradient."""
        distance = losses.get('labeled.loss_feature_distance')
        terms = [
            sum(loss for loss in losses.values()
                if self.backward == 'staged' or loss is not distance)
        ]
        if self.backward == 'separate' and distance is not None:
            terms.append(distance)
        scale = None
        if self.loss_scaler is not None:
            scale = self.loss_scaler.scale(terms[0].new_ones(()))
        held = DeferredGradient(terms, self.student.parameters(), scale, retain)
        return {name: loss.detach() for name, loss in losses.items()}, held

    @torch.no_grad()
    def label_unlabeled(
            self,
            image: Tensor,
            samples: SampleList,
            logits: Optional[Tensor] = None) -> tuple[Tensor, Tensor]:
        """Pseudo-labels of the unlabeled images.

        Args:
            image (Tensor): Images of shape (N, 3, H, W).
            samples (list[SegDataSample]): Their data samples; what is
                padding is told by ``img_shape`` and is ignored.
            logits (Tensor, optional): The student's own, of shape
                (N, C, H, W). Defaults to None: the teacher is asked, or the
                files were.

        Returns:
            tuple[Tensor, Tensor]: ``label`` (N, H, W), int64, and ``weight``
            (N, H, W), float32.

        Raises:
            ValueError: If labels of files were not loaded.
        """
        if self.label_with == 'file':
            if 'gt_sem_seg' not in samples[0]:
                raise ValueError(
                    "label_with='file', but unlabeled images come without "
                    'labels; give their data set `seg_map_path` and '
                    '`LoadAnnotations`, or train all stages with '
                    'run_experiments.py.')
            label = stack_labels(samples)
            weight = torch.ones_like(label, dtype=torch.float32)
        else:
            if logits is None:
                with self.frozen_pass(image.device):
                    logits = self.teacher(image)
                logits = resize_logits(
                    logits.to(image.dtype), image.shape[2:],
                    self.student.align_corners)
            label, weight = self.pseudo_labeler(logits.detach())
        label = ignore_padding(label, [
            sample.metainfo.get('img_shape', label.shape[1:])
            for sample in samples
        ], self.student.decode_head.ignore_index)
        self.pseudo_label, self.pseudo_weight = label, weight
        return label, weight

    @torch.no_grad()
    def make_mixed_batch(self, labeled: tuple[Tensor, Tensor],
                         unlabeled: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Mix the batches, once for each view, and augment them.

        Args:
            labeled (tuple): ``image`` (N, 3, H, W) and ``label`` (N, H, W).
            unlabeled (tuple): ``image``, pseudo-``label`` and ``weight``.

        Returns:
            Mixed: The views one after the other, ``num_views`` times as many
            images.
        """
        mixed = self._share('mixed', lambda: self._draw(labeled, unlabeled))
        if self.step_cache is not None and not self.step_cache.resample_mix:
            mixed = mix_labels(mixed, labeled[1], *unlabeled[1:])
        if self.pseudo_filter is not None:
            mixed = self.filter_by_teacher(mixed, labeled)
        self.mixed = mixed._replace(view=None)  # it is large
        return mixed

    def _draw(self, labeled: tuple[Tensor, Tensor],
              unlabeled: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Draw the views of a mixed batch, not filtered yet."""
        views = []
        for _ in range(self.num_views):
            image, label, weight = unlabeled
            if self.photometric_on == 'unlabeled':
                image = self._augment(image)
            view = self.mixer(labeled, (image, label, weight))
            if self.photometric_on == 'mixed':
                view = view._replace(image=self._augment(view.image))
            views.append(view)
        return concatenate(views)

    def _augment(self, image: Tensor) -> Tensor:
        """The strong photometric augmentation, if there is one."""
        if self.photometric is None:
            return image
        preprocessor = self.data_preprocessor
        return self.photometric(image, preprocessor.mean, preprocessor.std)

    def filter_by_teacher(self, mixed: Mixed,
                    labeled: tuple[Tensor, Tensor]) -> Mixed:
        """Filter pseudo-labels by the teacher's view of the mixed batch.

        The teacher sees what the student does (U2PL, section 3.1).
        """
        set_batch_norm(self.teacher, self.pseudo_filter.batch_statistics)
        with self.frozen_pass(mixed.image.device):
            features = self.teacher.extract_feat(
                torch.cat([labeled[0], mixed.image]))
            if self.contrast is None:
                logits, representation = self.teacher.decode_head(
                    features), None
            else:
                logits, representation = represent(self.teacher.decode_head,
                                                   features)
        logits, look = logits.to(mixed.image.dtype), None
        if representation is not None:
            look = TeacherView(logits, representation.to(logits.dtype),
                              torch.cat([labeled[1], mixed.label]),
                              len(labeled[0]))
        set_batch_norm(self.teacher, self.teacher_mode == 'train')
        logits = resize_logits(logits[len(labeled[0]):],
                               mixed.label.shape[1:],
                               self.student.align_corners)
        label, factor = self.pseudo_filter(logits, mixed.label)
        return mixed._replace(label=label, factor=factor, view=look)

    def mixed_losses(self,
                     mixed: Mixed,
                     labeled: tuple[Tensor, Tensor],
                     held: Optional[DeferredGradient] = None
                     ) -> dict[str, Tensor]:
        """Losses of the mixed batch.

        Args:
            mixed (Mixed): The batch.
            labeled (tuple): Labeled images and labels, which go through the
                student together with it if ``passes='joint'``.
            held (DeferredGradient, optional): Gradient of the first pass.
                Defaults to None.

        Returns:
            dict[str, Tensor]: Scalars, ``mixed.*`` and, of a joint pass,
            ``labeled.*`` and ``loss_contrast``.
        """
        count = len(labeled[0]) if self.passes == 'joint' else 0
        logits, representation = self._share(
            'seen', lambda: self._see(mixed, labeled[0]))
        losses: dict[str, Tensor] = {}
        if representation is not None:
            losses['loss_contrast'] = self.contrast(representation, mixed.view)
        if self.passes == 'joint':
            first = {name: one[:count] for name, one in logits.items()}
            losses.update(
                self._weigh(
                    labeled_losses(self.student, first, labeled[1]),
                    'labeled'))
        rest = {name: one[count:] for name, one in logits.items()}
        ours = pseudo_losses(self.student, rest, mixed.label, mixed.weight,
                             self.mixed_auxiliary)
        if mixed.factor is not None:
            ours = {name: mixed.factor * one for name, one in ours.items()}
        ours = self._weigh(ours, 'mixed')
        name = next(iter(ours))
        losses.update(ours)
        # What is held is attached last, so that it is the first to arrive at
        # the weights, and each can be sent to other processes as soon as the
        # graph below has added its share.
        kept = self.step_cache
        if kept is not None and not kept.resample_mix and kept.step == 'first':
            losses, now = self._hold(losses, retain=True)
            losses[name] = now.attach(losses[name])
        if held is not None:
            losses[name] = held.attach(losses[name])
        return losses

    def _see(
        self, mixed: Mixed, image_labeled: Tensor
    ) -> tuple[dict[str, Tensor], Optional[Tensor]]:
        """Logits of each head and, for a contrast, the representation."""
        image, size = mixed.image, mixed.label.shape[1:]
        if self.passes == 'joint':
            image = torch.cat([image_labeled, image])
        features = self.student.extract_feat(image)
        if self.view_perturbation:
            features = self.view_perturbation(features)
        if mixed.view is None:
            return all_logits(self.student, features, size), None
        return self._represented_logits(features, size)

    def commit(self) -> None:
        """Write what the last training step has staged: the contrast's."""
        if self.contrast is not None:
            self.contrast.commit()

    def discard(self) -> None:
        """Forget what the last training step has staged: the contrast's."""
        if self.contrast is not None:
            self.contrast.staged = None
