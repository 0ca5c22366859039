"""A student and its teacher, side by side in one model."""
import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Literal, Optional

import torch
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from mmseg.utils import SampleList
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.models.protocols import (
    Protocol,
    ScoredImages,
    name_of_test_cfg,
    score_images,
    threshold_of,
)
from mmseg_fst.registry import MODELS

from .step_cache import StepCache


class StudentTeacher(BaseSegmentor):
    """Two networks of one architecture: which predicts, and in which mode.

    Hooks move the teacher; it never has a gradient.

    Args:
        student (nn.Module): All that is trained: an ``EncoderDecoder`` of
            MMSegmentation, or several.
        data_preprocessor (dict): Config of a
            :class:`SelfTrainingDataPreProcessor`.
        with_teacher (bool): Whether there is a teacher.
        with_pretrained (bool): Whether a frozen copy of the pretrained
            encoder is kept.
        teacher_mode (str): ``'train'``: the teacher normalizes with the
            statistics of the batch and its running statistics follow the
            unlabeled images; dropout and stochastic depth stay off.
            ``'eval'``: it uses its running statistics, which the hook must
            then move.
        predict_with (str): Which network predicts, ``'student'`` or
            ``'teacher'``.
        protocol (dict, optional): Config of a :class:`Protocol`, by which
            predictions are made; None for ``test_cfg`` of ``segmentor``.
        frozen_dtype (str, optional): Precision in which teacher and
            pretrained encoder compute while training, ``'bfloat16'`` or
            ``'float16'``. Defaults to None: that of the student.

    Raises:
        ValueError: If an argument has none of the values above, or there is
            no network ``predict_with``.
    """

    student: EncoderDecoder
    teacher: Optional[EncoderDecoder]
    pretrained_encoder: Optional[nn.Module]
    auxiliary: nn.ModuleDict
    protocol: Optional[Protocol]

    def __init__(self, student: nn.Module, data_preprocessor: dict,
                 with_teacher: bool, with_pretrained: bool,
                 teacher_mode: Literal['train', 'eval'],
                 predict_with: str,
                 protocol: Optional[dict],
                 frozen_dtype: Optional[str] = None) -> None:
        super().__init__(data_preprocessor=MODELS.build(data_preprocessor))
        if teacher_mode not in ('train', 'eval'):
            raise ValueError(
                f'{type(self).__name__}: teacher_mode={teacher_mode!r} is '
                "not known; give 'train' or 'eval'.")
        if frozen_dtype not in (None, 'bfloat16', 'float16'):
            raise ValueError(
                f'{type(self).__name__}: frozen_dtype={frozen_dtype!r} is not '
                "known; give 'bfloat16', 'float16' or None.")
        self.frozen_dtype = frozen_dtype
        self.student = student
        self.teacher = None
        if with_teacher:
            self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.pretrained_encoder = None
        if with_pretrained:
            self.pretrained_encoder = copy.deepcopy(
                self.student.backbone).requires_grad_(False)
        self.teacher_mode = teacher_mode
        self.predict_with = predict_with
        self.protocol = MODELS.build(protocol) if protocol else None
        #: Networks besides the student that are trained, by name.
        self.auxiliary = nn.ModuleDict()
        # Set by hooks: what FST's steps of one iteration share, and the
        # scaler of the loss in half precision.
        self.step_cache: Optional[StepCache] = None
        self.loss_scaler: Any = None
        self.network()  # raises if there is none of that name

    @property
    def networks(self) -> list[str]:
        """Names of the networks that can predict, the student first."""
        return ['student'] + ['teacher'] * (self.teacher is not None)

    @property
    def can_share_graph(self) -> bool:
        """Whether steps can share a graph, see :class:`StepCache`."""
        return False

    def trained_modules(self) -> list[nn.Module]:
        """All that is trained; hooks snapshot and restore nothing else."""
        return [self.student, *self.auxiliary.values()]

    def trained_parameters(self) -> list[nn.Parameter]:
        """Parameters of :meth:`trained_modules`."""
        return [
            parameter for module in self.trained_modules()
            for parameter in module.parameters()
        ]

    def teacher_pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        """Each teacher with the network that it is an average of."""
        return [] if self.teacher is None else [(self.teacher, self.student)]

    def moving_teachers(self) -> list[tuple[nn.Module, nn.Module]]:
        """The pairs of :meth:`teacher_pairs` to move in this iteration."""
        return self.teacher_pairs()

    @property
    def align_corners(self) -> bool:
        """Whether the decode head resizes with aligned corners."""
        return self.student.align_corners

    @property
    def threshold(self) -> Optional[float]:
        """Of a binary network, the probability above which class 1 wins."""
        return threshold_of(self.network())

    @property
    def protocol_name(self) -> str:
        """How predictions are made, in words."""
        if self.protocol is None:
            return name_of_test_cfg(self.student.test_cfg)
        return self.protocol.name

    def init_weights(self) -> None:
        """Initialize all that is trained; a hook copies the teacher."""
        self.student.init_weights()
        for module in self.auxiliary.values():
            initialize: Any = getattr(module, 'init_weights', None)
            if initialize is not None:
                initialize()
        if self.pretrained_encoder is not None:
            self.pretrained_encoder.load_state_dict(
                self.student.backbone.state_dict())

    def train(self, mode: bool = True) -> 'StudentTeacher':
        """Switch the student to ``mode``; the teacher follows its own rule.

        Args:
            mode (bool): Whether to train. Defaults to True.

        Returns:
            StudentTeacher: self.
        """
        super().train(mode)
        if self.pretrained_encoder is not None:
            self.pretrained_encoder.eval()
        if self.teacher is not None:
            self.teacher.eval()
            if mode and self.teacher_mode == 'train':
                set_batch_norm(self.teacher, training=True)
        return self

    def frozen_pass(self, device: torch.device) -> AbstractContextManager:
        """Where networks without a gradient compute, see ``frozen_dtype``.

        Args:
            device (torch.device): That of the images.

        Returns:
            AbstractContextManager: Casts what is computed inside.
        """
        if self.frozen_dtype is None:
            return nullcontext()
        return torch.autocast(device.type, getattr(torch, self.frozen_dtype))

    def commit(self) -> None:
        """Let submodules write what the last training step has staged.

        Called once after each real step, never after a virtual one.
        """
        for module in self._staging_modules('commit'):
            module.commit()

    def discard(self) -> None:
        """Let submodules drop what the last training step has staged.

        Called after a step that does not count.
        """
        for module in self._staging_modules('discard'):
            module.discard()

    def _staging_modules(self, method: str) -> list[Any]:
        """Submodules that define a method."""
        return [
            module for module in self.modules()
            if module is not self and hasattr(module, method)
        ]

    def network(self, name: Optional[str] = None) -> EncoderDecoder:
        """The network of that name.

        Args:
            name (str, optional): ``'student'`` or ``'teacher'``. Defaults to
                None: the one named by ``predict_with``.

        Returns:
            EncoderDecoder: A segmentor of MMSegmentation.

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
            inputs (Tensor): Normalized images of shape (N, C, H, W).
            data_samples (list[SegDataSample], optional): Their data samples.
                Defaults to None.

        Returns:
            list[SegDataSample]: With ``seg_logits`` and ``pred_sem_seg``.
        """
        return self.score(inputs, data_samples).write_scores()

    def predict_each(
        self,
        inputs: Tensor,
        data_samples: SampleList,
        observe: Optional[Callable[[str, Tensor], None]] = None
    ) -> dict[str, SampleList]:
        """Predict with every network, for scores: labels alone.

        Args:
            inputs (Tensor): Normalized images of shape (N, C, H, W).
            data_samples (list[SegDataSample]): Their data samples; not
                written to.
            observe (Callable, optional): Called for each image with the name
                of the network and probabilities (C, h, w) of some pixels.
                Defaults to None.

        Returns:
            dict[str, list[SegDataSample]]: By network, new samples with the
            ``pred_sem_seg`` of :meth:`predict`, but without ``seg_logits``,
            which would fill the memory.
        """
        return {
            name: self.score(inputs, [sample.new() for sample in data_samples],
                             name).write_labels(
                                 observe and partial(observe, name))
            for name in self.networks
        }

    def score(self,
              inputs: Tensor,
              data_samples: Optional[SampleList] = None,
              name: Optional[str] = None) -> ScoredImages:
        """Scores under the protocol, of which every prediction is made.

        Args:
            inputs (Tensor): Normalized images of shape (N, 3, H, W).
            data_samples (list[SegDataSample], optional): Their data samples,
                which predictions are written to. Defaults to None: new ones.
            name (str, optional): Which network. Defaults to None: the one
                named by ``predict_with``.

        Returns:
            ScoredImages: The scores.
        """
        return score_images(
            self.network(name), inputs, data_samples, self.protocol)

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """Features of the network named by ``predict_with``.

        Args:
            inputs (Tensor): Normalized images of shape (N, C, H, W).

        Returns:
            list[Tensor]: Feature maps of shape (N, C, h, w), finest first.
        """
        return self.network().extract_feat(inputs)

    def encode_decode(self, inputs: Tensor,
                      batch_data_samples: SampleList) -> Tensor:
        """Logits of the network named by ``predict_with``.

        Args:
            inputs (Tensor): Normalized images of shape (N, C, H, W).
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


def set_batch_norm(network: nn.Module, training: bool) -> None:
    """Switch batch normalization alone; dropout stays what it is.

    Args:
        network (nn.Module): A network; its modules are changed.
        training (bool): Whether to normalize with the statistics of the
            batch, and to follow them.
    """
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.train(training)


def set_dropout(network: nn.Module, training: bool) -> None:
    """Switch dropout alone; batch normalization stays what it is.

    Args:
        network (nn.Module): A network; its modules are changed.
        training (bool): Whether to drop values or channels.
    """
    for module in network.modules():
        if isinstance(module, (nn.Dropout, nn.Dropout2d)):
            module.train(training)


def check_no_checkpoints(student: nn.Module, backward: str) -> None:
    """Raise on activation checkpointing with staged losses.

    ``with_cp`` of MMSegmentation checkpoints re-entrantly: parameters are
    then unused for :func:`torch.autograd.grad`.

    Args:
        student (nn.Module): All that is trained.
        backward (str): When its losses are differentiated.

    Raises:
        ValueError: If a part of it has ``with_cp=True``.
    """
    for name in checkpointed(student):
        raise ValueError(
            f'segmentor.{name}.with_cp=True does not go with '
            f"backward={backward!r}; give `model` backward='joint', or "
            'take `with_cp` out.')


def checkpointed(network: nn.Module) -> list[str]:
    """Names of the parts that checkpoint their activations.

    Args:
        network (nn.Module): A network.

    Returns:
        list[str]: Those with ``with_cp=True``.
    """
    return [
        name for name, module in network.named_modules()
        if getattr(module, 'with_cp', False)
    ]
