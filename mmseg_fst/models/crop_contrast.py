"""Contrast of pixels in random crops of feature maps."""
import torch
from torch import Tensor, nn

from mmseg_fst.ops import class_contrast, without_autocast
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class CropContrast(nn.Module):
    """The pixel contrast of ELN, in random crops of the feature maps.

    Crops limit the number of pairs; a crop lies at the same place in all
    images. See :func:`mmseg_fst.ops.class_contrast`.

    Args:
        num_crops (int): Number of crops. Defaults to 8.
        crop_size (int): Their side on the feature map; smaller maps are taken
            whole. Defaults to 32.
        temperature (float): Temperature, positive. Defaults to 0.5.

    Raises:
        ValueError: If an argument is not positive.
    """

    def __init__(self,
                 num_crops: int = 8,
                 crop_size: int = 32,
                 temperature: float = 0.5) -> None:
        super().__init__()
        for name, value in (('num_crops', num_crops), ('crop_size', crop_size),
                            ('temperature', temperature)):
            if not value > 0:
                raise ValueError(
                    f'CropContrast: {name} must be positive, got {value}.')
        self.num_crops = num_crops
        self.crop_size = crop_size
        self.temperature = temperature

    def forward(self, anchor: Tensor, feature: Tensor, label: Tensor,
                num_classes: int) -> Tensor:
        """Compute the loss.

        Args:
            anchor (Tensor): Representations of the teacher, (N, D, h, w).
            feature (Tensor): Representations of the student, (N, D, h, w).
            label (Tensor): Class ids of shape (N, h, w), int64; pixels with
                any other id do not take part.
            num_classes (int): Number of classes.

        Returns:
            Tensor: Mean over the crops, a scalar.
        """
        # Sums over millions of pairs do not fit into half precision.
        with without_autocast(feature.device):
            dtype = torch.promote_types(feature.dtype, torch.float32)
            anchor, feature = anchor.to(dtype), feature.to(dtype)
            losses = []
            for _ in range(self.num_crops):
                rows, columns = map(self._sample_span, label.shape[1:])
                losses.append(
                    class_contrast(
                        anchor[..., rows, columns],
                        feature[..., rows, columns],
                        label[..., rows, columns], num_classes,
                        self.temperature))
            return torch.stack(losses).mean()

    def _sample_span(self, side: int) -> slice:
        """Where a crop lies along a side of the map."""
        size = min(self.crop_size, side)
        start = int(torch.randint(side - size + 1, ()))
        return slice(start, start + size)
