"""The flaw detector of GCT."""
from typing import Any, Optional

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from torch import Tensor, nn

from mmseg_fst.ops import flaw_target, scale_flaws
from mmseg_fst.registry import MODELS


class InstanceBatchNorm(nn.Module):
    """Batch normalization of half the channels, instance of the others.

    Args:
        channels (int): Number of channels.
        norm_cfg (dict): Config of the normalization of the first half.
    """

    def __init__(self, channels: int, norm_cfg: dict) -> None:
        super().__init__()
        self.num_batch = (channels + 1) // 2
        self.batch = build_norm_layer(norm_cfg, self.num_batch)[1]
        self.instance = nn.InstanceNorm2d(channels - self.num_batch)

    def forward(self, features: Tensor) -> Tensor:
        """Normalize.

        Args:
            features (Tensor): Of shape (N, C, h, w).

        Returns:
            Tensor: Of the same shape.
        """
        return torch.cat([
            self.batch(features[:, :self.num_batch]),
            self.instance(features[:, self.num_batch:])
        ], 1)


@MODELS.register_module()
class FlawDetector(nn.Module):
    """Predicts where a segmentation of an image is wrong.

    The fully convolutional detector of GCT (Ke et al., ECCV 2020): 4x4
    convolutions that halve the resolution in turn with ones that keep it,
    each with :class:`InstanceBatchNorm` and a leaky ReLU, and a classifier
    that halves it once more. Weights have the default initialization of
    PyTorch.

    Args:
        num_classes (int): Number of classes of the segmentation.
        image_channels (int): Number of channels of the image. Defaults to 3.
        channels (int): Width after the first convolution; it doubles with
            each halving. Defaults to 64.
        halvings (int): Halvings before the classifier; less than 4 for images
            with a side below 60 pixels. Defaults to 4.
        error_share (float): mu of :func:`mmseg_fst.ops.flaw_target`. Defaults
            to 0.5.
        dilations (int): nu of :func:`mmseg_fst.ops.flaw_target`. Defaults to
            1.
        match_release (bool): Whether to follow ``ssl_gct.py`` of PixelSSL
            where it differs: a pixel without a label has an error of 0.5,
            the detector is trained with its negative values set to 0, and
            see :func:`mmseg_fst.ops.scale_flaws`. Defaults to False.
        norm_cfg (dict, optional): Config of the batch normalization. Defaults
            to None: ``dict(type='BN')``.

    Raises:
        ValueError: If ``halvings`` is smaller than 1.
    """

    def __init__(self,
                 num_classes: int,
                 image_channels: int = 3,
                 channels: int = 64,
                 halvings: int = 4,
                 error_share: float = 0.5,
                 dilations: int = 1,
                 match_release: bool = False,
                 norm_cfg: Optional[dict] = None) -> None:
        super().__init__()
        if halvings < 1:
            raise ValueError('FlawDetector: halvings must be at least 1, got '
                             f'{halvings}.')
        self.match_release = match_release
        self.target: dict[str, Any] = dict(
            share=error_share, repeats=dilations,
            ignored_error=0.5 if match_release else 0.)
        norm_cfg = norm_cfg or dict(type='BN')
        self.layers = nn.ModuleList()
        width = image_channels + num_classes
        for halving in range(halvings):
            # The first resolution has one convolution, the others two.
            for stride in (2, 1) if halving else (2, ):
                out = channels << halving
                self.layers.append(
                    nn.Sequential(
                        nn.Conv2d(width, out, 4, stride, 1),
                        InstanceBatchNorm(out, norm_cfg),
                        nn.LeakyReLU(0.2, inplace=True)))
                width = out
        self.classifier = nn.Conv2d(width, 1, 4, 2, 1)
        # Sides of the input of each resolution, from the classifier's on.
        self.smallest = 2
        for halving in reversed(range(halvings)):
            self.smallest = 2 * (self.smallest + (halving > 0))

    def forward(self, image: Tensor, probability: Tensor) -> Tensor:
        """Predict flaws.

        Args:
            image (Tensor): Normalized images of shape (N, 3, H, W).
            probability (Tensor): Probabilities of shape (N, C, H, W).

        Returns:
            Tensor: Flaw maps of shape (N, 1, H, W), 1 where the prediction is
            wrong and 0 where it is right; not limited to [0, 1].

        Raises:
            ValueError: If the images are too small for the convolutions.
        """
        size = image.shape[2:]
        if min(size) < self.smallest:
            raise ValueError(
                f'FlawDetector: images of {size[0]} x {size[1]} pixels are '
                f'too small, a side must have {self.smallest}; set '
                '`model.flaw_detector.halvings` to a smaller number, or train '
                'on larger crops.')
        features = torch.cat([image, probability], 1)
        for layer in self.layers:
            features = layer(features)
        return F.interpolate(
            self.classifier(features), size, mode='bilinear',
            align_corners=True)

    def judge(self, image: Tensor, probability: Tensor, label: Tensor,
              ignore_index: int) -> tuple[Tensor, Tensor]:
        """Judge a prediction; learn from it where labels are known.

        Args:
            image (Tensor): Normalized images of shape (N, 3, H, W).
            probability (Tensor): Probabilities of shape (N, C, H, W).
            label (Tensor): Class ids (M, H, W), int64, of the first M images.
            ignore_index (int): Id of pixels without a label.

        Returns:
            tuple[Tensor, Tensor]: The loss, a scalar, and scaled flaw maps of
            shape (N, 1, H, W) without a gradient.
        """
        count = len(label)
        flaw = self(image, probability)
        learned = flaw[:count]
        if self.match_release:  # the gradient passes negative values
            learned = learned + (learned.clamp(min=0) - learned).detach()
        target = flaw_target(
            probability[:count], label, ignore_index=ignore_index,
            **self.target)
        return (F.mse_loss(learned, target),
                scale_flaws(flaw, match_release=self.match_release))
