"""Packing of what a pipeline has made."""
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs

from mmseg_fst.registry import TRANSFORMS
from mmseg_fst.utils.fields import TRUSTED, TRUSTED_BOX

from .margins import trusted_box


@TRANSFORMS.register_module()
class PackByteInputs(PackSegInputs):
    """``PackSegInputs`` that leaves labels in bytes.

    Labels of 64 bits weigh more than twice what their images do, on the way
    from the workers and to the device; :class:`SelfTrainingDataPreProcessor`
    widens them there. Takes the arguments of
    :class:`mmseg.datasets.transforms.PackSegInputs`.
    """

    def transform(self, results: dict) -> dict:
        """Pack one image.

        Args:
            results (dict): With ``img``, (H, W, C) or (H, W), and, if there is
                a label, ``gt_seg_map``, (H, W), uint8.

        Returns:
            dict: ``inputs``, a tensor of shape (C, H, W), and
            ``data_samples``, whose ``gt_sem_seg`` is uint8 of shape
            (1, H, W); after :class:`PseudoLabelMargins` their metainfo has
            the box of the pixels that are trusted.
        """
        image_alone = {
            key: value
            for key, value in results.items() if key != 'gt_seg_map'
        }
        packed = super().transform(image_alone)
        if 'gt_seg_map' in results:
            label = np.ascontiguousarray(results['gt_seg_map'])
            packed['data_samples'].gt_sem_seg = PixelData(
                data=torch.from_numpy(label)[None])
        if TRUSTED in results:
            packed['data_samples'].set_metainfo(
                {TRUSTED_BOX: trusted_box(results[TRUSTED])})
        return packed
