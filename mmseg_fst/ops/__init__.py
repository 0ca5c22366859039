"""Pure tensor functions: no configuration, no logging, no hidden state."""
from .canvas import center_canvas
from .gradients import HeldGradient
from .mixing import Mixed, class_mix_mask, mix
from .photometric import (color_jitter, denormalize, gaussian_blur,
                          normalize)
from .pseudo_labels import confident_ratio, ignore_padding, ignore_rows
from .weights import ema_decay, ema_update_

__all__ = [
    'HeldGradient', 'Mixed', 'center_canvas', 'class_mix_mask',
    'color_jitter', 'confident_ratio', 'denormalize', 'ema_decay',
    'ema_update_', 'gaussian_blur', 'ignore_padding', 'ignore_rows', 'mix',
    'normalize'
]
