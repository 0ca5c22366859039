"""Pure tensor functions: no configuration, no logging, no hidden state."""
from .adversarial import adversarial_noise
from .center_canvas import center_canvas
from .class_scores import class_logits, class_probabilities, most_probable
from .color import (
    color_jitter,
    denormalize,
    gaussian_blur,
    grayscale,
    normalize,
)
from .confusion import count_classes_, count_confusion_, scores_by_class
from .consistency import assist, probability_error
from .dct import dct_coefficients, dct_grid, dct_input, upscale
from .label_quality import (
    LabelCounts,
    count_labels,
    label_quality,
    quality_by_class,
)
from .largest import largest_class
from .masking import block_grid, block_mask
from .mixing import (
    Mixed,
    box_mask,
    class_mix_mask,
    concatenate,
    mix,
    mix_labels,
)
from .object_boxes import connected_components, erase_in_objects
from .pixel_contrast import (
    TeacherView,
    info_nce,
    likelihood_rank,
    membership,
    membership_as_released,
    rows_of,
    sample_rows,
    select_pixels,
    split_by_entropy,
    sum_by_class,
)
from .pseudo_labels import (
    agreement,
    confident_ratio,
    drop_uncertain,
    entropy_of,
    ignore_padding,
    ignore_rows,
    masked_percentile,
)
from .ramps import cosine_ramp, gaussian_ramp
from .weights import ema_decay, ema_update_

__all__ = [
    'LabelCounts', 'Mixed', 'TeacherView', 'adversarial_noise', 'agreement',
    'assist', 'block_grid', 'block_mask', 'box_mask', 'center_canvas',
    'class_logits', 'class_mix_mask', 'class_probabilities', 'color_jitter',
    'concatenate', 'confident_ratio', 'connected_components', 'cosine_ramp',
    'count_classes_', 'count_confusion_', 'count_labels', 'dct_coefficients',
    'dct_grid', 'dct_input', 'denormalize', 'drop_uncertain', 'ema_decay',
    'ema_update_', 'entropy_of', 'erase_in_objects', 'gaussian_blur',
    'gaussian_ramp', 'grayscale', 'ignore_padding', 'ignore_rows', 'info_nce',
    'label_quality', 'largest_class', 'likelihood_rank', 'masked_percentile',
    'membership', 'membership_as_released', 'mix', 'mix_labels',
    'most_probable', 'normalize', 'probability_error', 'quality_by_class',
    'rows_of', 'sample_rows', 'scores_by_class', 'select_pixels',
    'split_by_entropy', 'sum_by_class', 'upscale'
]
