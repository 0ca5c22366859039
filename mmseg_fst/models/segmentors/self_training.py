"""A student that learns from labels and from a teacher's pseudo-labels."""
import copy
from typing import Literal, Optional

import torch
from mmseg.models.segmentors import BaseSegmentor
from mmseg.utils import SampleList, add_prefix
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.models.losses import pixel_losses, resize_logits
from mmseg_fst.models.protocols import name_of_test_cfg
from mmseg_fst.ops import HeldGradient, Mixed, ignore_padding
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class SelfTrainingSegmentor(BaseSegmentor):
    """Mean-teacher self-training for any encoder-decoder of MMSegmentation.

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
            unlabelled images. Defaults to None: no teacher.
        mixer (dict, optional): Config of the module that mixes both batches;
            goes with ``pseudo_labeler``. Defaults to None.
        photometric (dict, optional): Config of the strong augmentation of
            mixed images. Defaults to None.
        regularizer (dict, optional): Config of a :class:`FeatureDistance`;
            a frozen copy of the pretrained encoder is then kept. Defaults to
            None.
        backward (str): When the loss of the labelled batch is differentiated.
            ``'staged'``: before the mixed batch goes through the student, so
            that one graph at a time is kept in memory; ``'separate'``: so,
            and each labelled term on its own, which rounds as the authors'
            release does; ``'joint'``: with the mixed loss, the one way that
            goes with ``with_cp=True`` of a backbone. The gradients are the
            same up to rounding. Defaults to ``'staged'``.
        teacher_mode (str): ``'train'``: the teacher normalises with the
            statistics of the batch and its running statistics follow the
            unlabelled images, as in DACS, DAFormer and FST; dropout and
            stochastic depth stay off. ``'eval'``: it uses its running
            statistics, which the hook must then move. Defaults to
            ``'train'``.
        predict_with (str): Which network predicts, ``'student'`` or
            ``'teacher'``. Defaults to ``'student'``.
        protocol (dict, optional): Config of a :class:`Protocol`, by which
            predictions are made. Defaults to None: ``test_cfg`` of
            ``segmentor``.

    Raises:
        ValueError: If a mixer is given without a pseudo-labeler or the other
            way round, or an argument has none of the values above.
    """

    def __init__(self,
                 segmentor: dict,
                 data_preprocessor: dict,
                 pseudo_labeler: Optional[dict] = None,
                 mixer: Optional[dict] = None,
                 photometric: Optional[dict] = None,
                 regularizer: Optional[dict] = None,
                 backward: Literal['joint', 'staged', 'separate'] = 'staged',
                 teacher_mode: Literal['train', 'eval'] = 'train',
                 predict_with: Literal['student', 'teacher'] = 'student',
                 protocol: Optional[dict] = None) -> None:
        super().__init__(data_preprocessor=MODELS.build(data_preprocessor))
        if (pseudo_labeler is None) != (mixer is None):
            raise ValueError(
                'SelfTrainingSegmentor: pseudo_labeler and mixer go together;'
                ' give both for self-training, or neither to learn from '
                'labels alone.')
        if teacher_mode not in ('train', 'eval'):
            raise ValueError(
                f'SelfTrainingSegmentor: teacher_mode={teacher_mode!r} is '
                "not known; give 'train' or 'eval'.")
        if backward not in ('joint', 'staged', 'separate'):
            raise ValueError(
                f'SelfTrainingSegmentor: backward={backward!r} is not known; '
                "give 'joint', 'staged' or 'separate'.")
        self.student = MODELS.build(segmentor)
        self.teacher = None
        if pseudo_labeler is not None:
            self.teacher = copy.deepcopy(self.student).requires_grad_(False)
            self.pseudo_labeler = MODELS.build(pseudo_labeler)
            self.mixer = MODELS.build(mixer)
        self.photometric = photometric and MODELS.build(photometric)
        self.regularizer = regularizer and MODELS.build(regularizer)
        if regularizer:
            self.pretrained_encoder = copy.deepcopy(
                self.student.backbone).requires_grad_(False)
        self.backward = backward
        self.loss_scaler = None  # set by a hook if precision is mixed
        self._check_checkpointing()
        self.teacher_mode = teacher_mode
        self.predict_with = predict_with
        self.protocol = protocol and MODELS.build(protocol)
        self.network()  # raises if there is none of that name
        # The last mixed batch and the pseudo-labels it was made from, kept
        # for hooks that draw or measure; no later step reads them.
        self.mixed: Optional[Mixed] = None
        self.pseudo_label: Optional[Tensor] = None
        self.pseudo_weight: Optional[Tensor] = None

    @property
    def networks(self) -> list[str]:
        """Names of the networks that can predict, the student first."""
        return ['student'] + ['teacher'] * (self.teacher is not None)

    @property
    def align_corners(self) -> bool:
        """Whether the decode head resizes with aligned corners."""
        return self.student.align_corners

    @property
    def protocol_name(self) -> str:
        """How predictions are made, in words."""
        if self.protocol is None:
            return name_of_test_cfg(self.student.test_cfg)
        return self.protocol.name

    def init_weights(self) -> None:
        """Initialise the student; a hook copies it to the teacher."""
        self.student.init_weights()
        if self.regularizer:
            self.pretrained_encoder.load_state_dict(
                self.student.backbone.state_dict())

    def train(self, mode: bool = True) -> 'SelfTrainingSegmentor':
        """Switch the student to ``mode``; the teacher follows its own rule.

        Args:
            mode (bool): Whether to train. Defaults to True.

        Returns:
            SelfTrainingSegmentor: self.
        """
        super().train(mode)
        if self.regularizer:
            self.pretrained_encoder.eval()
        if self.teacher is not None:
            self.teacher.eval()
            if mode and self.teacher_mode == 'train':
                for module in self.teacher.modules():
                    if isinstance(module, _BatchNorm):
                        module.train()
        return self

    def _check_checkpointing(self) -> None:
        """Raise if activations are recomputed in a way that loses gradients.

        ``with_cp`` of MMSegmentation checkpoints re-entrantly: parameters
        then look unused to :func:`torch.autograd.grad`.
        """
        if self.teacher is None or self.backward == 'joint':
            return
        for name, module in self.student.named_modules():
            if getattr(module, 'with_cp', False):
                raise ValueError(
                    f'segmentor.{name}.with_cp=True does not go with '
                    f"backward={self.backward!r}; give `model` "
                    "backward='joint', or take `with_cp` out.")

    def loss(self, inputs: dict[str, Tensor],
             data_samples: dict[str, SampleList]) -> dict[str, Tensor]:
        """Losses of one training step.

        Args:
            inputs (dict): ``labeled`` and, for self-training, ``unlabeled``
                images, each normalised and of shape (N, 3, H, W).
            data_samples (dict): The data samples of each; the labelled ones
                hold ``gt_sem_seg``.

        Returns:
            dict[str, Tensor]: Scalars; the ones named ``*loss*`` are summed
            up and minimised, the others are logged.
        """
        image_labeled = inputs['labeled']
        label_labeled = torch.stack([
            sample.gt_sem_seg.data.squeeze(0)
            for sample in data_samples['labeled']
        ])
        losses = self.labeled_losses(image_labeled, label_labeled)
        if self.teacher is None:
            return losses

        held = None
        if self.backward != 'joint' and torch.is_grad_enabled():
            held = self._differentiate(losses)
            losses = {name: loss.detach() for name, loss in losses.items()}
        mixed = self.make_mixed_batch(image_labeled, label_labeled,
                                      inputs['unlabeled'],
                                      data_samples['unlabeled'])
        features = self.student.extract_feat(mixed.image)
        mixed_losses = pixel_losses(self.student, features, mixed.label,
                                    mixed.weight)
        if held is not None:
            # Attached last, so that it is the first to arrive at the weights
            # and each can be sent to other processes as soon as it is whole.
            name = next(iter(mixed_losses))
            mixed_losses[name] = held.attach(mixed_losses[name])
        losses.update(add_prefix(mixed_losses, 'mixed'))
        losses['pseudo_label_weight'] = self.pseudo_weight.mean()
        return losses

    def labeled_losses(self, image: Tensor,
                       label: Tensor) -> dict[str, Tensor]:
        """Losses of the labelled batch.

        Args:
            image (Tensor): Normalised images of shape (N, 3, H, W).
            label (Tensor): Class ids of shape (N, H, W), int64.

        Returns:
            dict[str, Tensor]: Scalars, ``labeled.*``.
        """
        features = stages = self.student.backbone(image)
        if self.student.with_neck:
            features = self.student.neck(stages)
        losses = pixel_losses(self.student, features, label)
        if self.regularizer:
            with torch.no_grad():
                pretrained = self.pretrained_encoder(image)
            losses['loss_feature_distance'] = self.regularizer(
                stages[-1], pretrained[-1], label)
        return add_prefix(losses, 'labeled')

    def _differentiate(self, losses: dict[str, Tensor]) -> HeldGradient:
        """Gradient of the labelled losses; frees their graph."""
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
        return HeldGradient(terms, self.student.parameters(), scale)

    @torch.no_grad()
    def make_mixed_batch(self, image_labeled: Tensor, label_labeled: Tensor,
                         image_unlabeled: Tensor,
                         samples_unlabeled: SampleList) -> Mixed:
        """Label the unlabelled images, mix them with the labelled ones.

        Args:
            image_labeled (Tensor): Images of shape (N, 3, H, W).
            label_labeled (Tensor): Labels of shape (N, H, W), int64.
            image_unlabeled (Tensor): Images of shape (N, 3, H, W).
            samples_unlabeled (list[SegDataSample]): Their data samples; what
                is padding is told by ``img_shape`` and has no weight.

        Returns:
            Mixed: The mixed batch, photometrically augmented.

        Raises:
            ValueError: If the two batches differ in shape.
        """
        if image_labeled.shape != image_unlabeled.shape:
            raise ValueError(
                f'The labelled batch has shape {tuple(image_labeled.shape)}, '
                f'the unlabelled one {tuple(image_unlabeled.shape)}; give '
                'both pipelines the same crop size, and data_preprocessor '
                'the same `size`.')
        logits = resize_logits(
            self.teacher(image_unlabeled), image_unlabeled.shape[2:],
            self.align_corners)
        label, weight = self.pseudo_labeler(logits)
        weight = ignore_padding(weight, [
            sample.metainfo.get('img_shape', label.shape[1:])
            for sample in samples_unlabeled
        ])
        mixed = self.mixer((image_labeled, label_labeled),
                           (image_unlabeled, label, weight))
        if self.photometric is not None:
            mixed = mixed._replace(
                image=self.photometric(mixed.image,
                                       self.data_preprocessor.mean,
                                       self.data_preprocessor.std))
        self.mixed = mixed
        self.pseudo_label, self.pseudo_weight = label, weight
        return mixed

    def network(self, name: Optional[str] = None) -> nn.Module:
        """The network of that name.

        Args:
            name (str, optional): ``'student'`` or ``'teacher'``. Defaults to
                None: the one named by ``predict_with``.

        Returns:
            nn.Module: A segmentor of MMSegmentation.

        Raises:
            ValueError: If there is no such network.
        """
        name = name or self.predict_with
        if name not in self.networks:
            raise ValueError(
                f'There is no network {name!r} to predict with; this model '
                f'has {", ".join(self.networks)}.')
        return getattr(self, name)

    def predict(self,
                inputs: Tensor,
                data_samples: Optional[SampleList] = None) -> SampleList:
        """Predict with the network named by ``predict_with``.

        Args:
            inputs (Tensor): Normalised images of shape (N, 3, H, W).
            data_samples (list[SegDataSample], optional): Their data samples.
                Defaults to None.

        Returns:
            list[SegDataSample]: With ``seg_logits`` and ``pred_sem_seg``.
        """
        if self.protocol is None:
            return self.network().predict(inputs, data_samples)
        return self.protocol.predict(self.network(), inputs, data_samples)

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """Features of the network named by ``predict_with``.

        Args:
            inputs (Tensor): Normalised images of shape (N, 3, H, W).

        Returns:
            list[Tensor]: Feature maps of shape (N, C, h, w), finest first.
        """
        return self.network().extract_feat(inputs)

    def encode_decode(self, inputs: Tensor,
                      batch_data_samples: SampleList) -> Tensor:
        """Logits of the network named by ``predict_with``.

        Args:
            inputs (Tensor): Normalised images of shape (N, 3, H, W).
            batch_data_samples (list): Metainfo of the images.

        Returns:
            Tensor: Logits of shape (N, C, H, W).
        """
        return self.network().encode_decode(inputs, batch_data_samples)

    def _forward(self,
                 inputs: Tensor,
                 data_samples: Optional[SampleList] = None) -> Tensor:
        """Raw logits (N, C, h, w) of the network that predicts."""
        return self.network()(inputs, data_samples)
