"""Pure tensor functions: no configuration, no logging, no hidden state."""
from .canvas import center_canvas
from .gradients import HeldGradient
from .mixing import Mixed, box_mask, class_mix_mask, concatenate, mix
from .photometric import (color_jitter, denormalize, gaussian_blur,
                          grayscale, normalize)
from .pseudo_labels import (confident_ratio, drop_uncertain, ignore_padding,
                            ignore_rows)
from .weights import ema_decay, ema_update_

__all__ = [
    'HeldGradient', 'Mixed', 'box_mask', 'center_canvas', 'class_mix_mask',
    'color_jitter', 'concatenate', 'confident_ratio', 'denormalize',
    'drop_uncertain', 'ema_decay', 'ema_update_', 'gaussian_blur',
    'grayscale', 'ignore_padding', 'ignore_rows', 'mix', 'normalize'
]
