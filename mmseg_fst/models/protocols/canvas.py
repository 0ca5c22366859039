"""The canvas on which U2PL and FST validate on Pascal VOC."""
from mmengine.structures import PixelData
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_fst.ops import center_canvas
from mmseg_fst.registry import MODELS

from .base import Protocol
from .scores import Scores, metas_of, network_scores


@MODELS.register_module()
class Canvas(Protocol):
    """A square canvas whose padding is scored as class 0, as released.

    U2PL and FST validate on a crop around the center, 513 x 513 on Pascal
    VOC. Its images are smaller, so the crop pads: the normalized image with
    0, and the label with 0 too, which is background. The network is thus
    rewarded for calling padding background, and scores do not compare with
    those at native size. What a larger image has outside of the canvas is
    not scored.

    Samples come back with label and prediction on the canvas, and with
    ``canvas``, its size, in their metainfo.

    Args:
        size (int): Height and width of the canvas. Defaults to 513.
    """

    def __init__(self, size: int = 513) -> None:
        self.size = size

    @property
    def name(self) -> str:
        """The protocol in words."""
        return (f'{self.size} x {self.size} canvas, padding scored as class '
                '0 (released)')

    def scores(self, network: BaseSegmentor, images: Tensor) -> Scores:
        """Logits of the canvas.

        Args:
            network (BaseSegmentor): The network that predicts.
            images (Tensor): Normalized images of shape (N, 3, H, W).

        Returns:
            Scores: Full, of shape (N, C, size, size).
        """
        canvas = center_canvas(images, self.size)
        return network_scores(network, canvas, metas_of(canvas))

    def scored(self, sample: SegDataSample) -> SegDataSample:
        """A new sample with the label on the canvas.

        Args:
            sample (SegDataSample): Of an image at native size; it is not
                written to.

        Returns:
            SegDataSample: With ``ori_shape`` and ``canvas`` of the canvas.
        """
        sample = sample.new()
        sample.set_metainfo(
            dict(ori_shape=(self.size, self.size), canvas=self.size))
        if 'gt_sem_seg' in sample:
            label = center_canvas(sample.gt_sem_seg.data, self.size, value=0)
            sample.gt_sem_seg = PixelData(data=label)
        return sample
