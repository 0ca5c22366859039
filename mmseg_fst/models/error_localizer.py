"""The error localization network of ELN."""
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.ops import balanced_cross_entropy
from mmseg_fst.registry import MODELS

from .losses import resize_logits


@MODELS.register_module()
class ErrorLocalizer(BaseModule):
    """Says which pixels of a prediction are right.

    The error localization network (Kwon and Kwak, CVPR 2022): a segmentation
    network whose input is the image, the entropy of the prediction and its
    logits.

    Args:
        network (dict): Config of an ``EncoderDecoder``, as for segmentation;
            the numbers of input and output channels are set here, and an
            auxiliary head is left out.
        num_classes (int): Number of classes of the prediction.
        image_channels (int): Number of channels of the image. Defaults to 3.
        match_release (bool): Whether a pixel without a label counts as a
            wrong one, as in the release; else it does not count. Defaults to
            False.
    """

    def __init__(self,
                 network: dict,
                 num_classes: int,
                 image_channels: int = 3,
                 match_release: bool = False) -> None:
        super().__init__()
        # `threshold` is not read: it silences a warning.
        self.network = MODELS.build({
            **network,
            'backbone': dict(
                network['backbone'],
                in_channels=image_channels + 1 + num_classes),
            'decode_head': dict(
                network['decode_head'],
                num_classes=2,
                out_channels=1,
                threshold=0.5),
            'auxiliary_head': None
        })
        self.match_release = match_release

    def forward(self, image: Tensor, logits: Tensor) -> Tensor:
        """Localize errors.

        Args:
            image (Tensor): Normalized images of shape (N, 3, H, W).
            logits (Tensor): Prediction, of shape (N, C, h, w); it gets no
                gradient.

        Returns:
            Tensor: Logits of being right, (N, 1, h', w'), at the resolution
            of the network.
        """
        logits = resize_logits(logits.detach(), image.shape[2:],
                               self.network.align_corners)
        entropy = -(logits.softmax(1) * logits.log_softmax(1)).sum(1, True)
        return self.network(torch.cat([image, entropy, logits], 1))

    def loss(self, image: Tensor, logits: Tensor, label: Tensor,
             ignore_index: int) -> Tensor:
        """Loss on labeled images.

        Args:
            image (Tensor): Normalized images of shape (N, 3, H, W).
            logits (Tensor): Prediction, of shape (N, C, H, W).
            label (Tensor): Class ids of shape (N, H, W), int64.
            ignore_index (int): Id of pixels without a label.

        Returns:
            Tensor: A scalar.
        """
        found = resize_logits(
            self(image, logits), label.shape[1:], self.network.align_corners)
        counted = (label != ignore_index) | self.match_release
        return balanced_cross_entropy(
            found.squeeze(1), logits.argmax(1) == label, counted)

    @torch.no_grad()
    def find_right(self, image: Tensor, logits: Tensor) -> Tensor:
        """Pixels whose prediction is more likely right than wrong.

        Dropout is off, as for labels of a teacher; batch normalization is
        as in training.

        Args:
            image (Tensor): Normalized images of shape (N, 3, H, W).
            logits (Tensor): Prediction, of shape (N, C, h, w).

        Returns:
            Tensor: Of shape (N, h, w), bool.
        """
        with self._without_dropout():
            found = resize_logits(
                self(image, logits), logits.shape[2:],
                self.network.align_corners)
        return found.squeeze(1) > 0

    @contextmanager
    def _without_dropout(self) -> Iterator[None]:
        """Layers other than batch normalization are in evaluation mode."""
        modes = [(module, module.training) for module in self.modules()]
        for module, _ in modes:
            module.training &= isinstance(module, _BatchNorm)
        try:
            yield
        finally:
            for module, training in modes:
                module.training = training
