"""Mixers: put a training batch together from labelled and unlabelled ones."""
import torch
from torch import Tensor, nn

from mmseg_fst.ops import Mixed, class_mix_mask, mix
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class ClassMix(nn.Module):
    """Paste half of the labelled classes onto the unlabelled images.

    The cross-domain mixing of DACS (Tranheden et al. 2021). Pasted pixels
    keep their true label and weigh 1.

    Args:
        per_image (bool): Whether the classes to choose from are those of the
            image itself; False for the released behaviour of DAFormer and
            FST, see :func:`mmseg_fst.ops.class_mix_mask`. Defaults to True.
        ignore_index (int): Id of pixels without a label. Defaults to 255.
    """

    def __init__(self,
                 per_image: bool = True,
                 ignore_index: int = 255) -> None:
        super().__init__()
        self.per_image = per_image
        self.ignore_index = ignore_index

    def draw_mask(self, label_labeled: Tensor) -> Tensor:
        """Draw which pixels are pasted.

        Args:
            label_labeled (Tensor): Labels of shape (N, H, W), int64.

        Returns:
            Tensor: Bool mask of shape (N, H, W).
        """
        # Ids are those of 8-bit label images. Drawn on the CPU: the same
        # masks on every device.
        priority = torch.rand(len(label_labeled), 256)
        return class_mix_mask(
            label_labeled,
            priority.to(label_labeled.device, non_blocking=True),
            self.ignore_index, self.per_image)

    def forward(self, labeled: tuple[Tensor, Tensor],
                unlabeled: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Mix two batches of equal size.

        Args:
            labeled (tuple): ``image`` (N, 3, H, W) and ``label`` (N, H, W),
                int64.
            unlabeled (tuple): ``image``, pseudo-``label`` and ``weight``
                (N, H, W), float32.

        Returns:
            Mixed: The mixed batch.
        """
        image, label = labeled
        weight = torch.ones_like(unlabeled[2])
        return mix(self.draw_mask(label), (image, label, weight), unlabeled)
