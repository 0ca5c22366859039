"""Name of what MMSegmentation does without a protocol of ours."""
from mmengine.config import ConfigDict

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
    windows = SlidingWindows(
        test_cfg.crop_size, test_cfg.stride, last='shift', merge='logits')
    return f'{windows.name}, {size}'
