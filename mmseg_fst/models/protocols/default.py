"""Evaluation of MMSegmentation, for models without a protocol."""
from mmengine.config import ConfigDict
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_fst.models.domains import RGB, domain_of

from .scores import Scores, inherits, network_scores
from .sliding_windows import SlidingWindows


def name_of_test_cfg(test_cfg: ConfigDict) -> str:
    """The rule of an ``EncoderDecoder``, in words.

    Args:
        test_cfg (ConfigDict): Its ``test_cfg``.

    Returns:
        str: Such as ``'whole image at the size of the test pipeline'``.
    """
    size = 'at the size of the test pipeline'
    if test_cfg.get('mode', 'whole') == 'whole':
        return f'whole image {size}'
    return f'{windows_of(test_cfg).name}, {size}'


def default_scores(network: BaseSegmentor, images: Tensor,
                   data_samples: SampleList) -> Scores:
    """Scores by the ``test_cfg`` of a network.

    Equal to :meth:`EncoderDecoder.inference`, but coarse for whole images,
    and windows are added in place.

    Args:
        network (BaseSegmentor): The network that predicts.
        images (Tensor): Normalized images of shape (N, 3, H, W).
        data_samples (list[SegDataSample]): Their data samples.

    Returns:
        Scores: Logits.
    """
    metas = [sample.metainfo for sample in data_samples]
    if not all(
            inherits(network, EncoderDecoder, name)
            for name in ('inference', 'whole_inference', 'slide_inference')):
        return Scores(network.inference(images, metas))
    if network.test_cfg.get('mode', 'whole') == 'whole':
        return network_scores(network, images, metas)
    if domain_of(network) != RGB:
        # Here MMSegmentation cuts windows from the image, not from its map.
        return Scores(network.inference(images, metas))
    return windows_of(network.test_cfg).scores(network, images)


def windows_of(test_cfg: ConfigDict) -> SlidingWindows:
    """The windows of MMSegmentation.

    Args:
        test_cfg (ConfigDict): Of an ``EncoderDecoder``, with
            ``mode='slide'``.

    Returns:
        SlidingWindows: The protocol of the same windows.
    """
    return SlidingWindows(
        test_cfg.crop_size, test_cfg.stride, last='shift', merge='logits')
