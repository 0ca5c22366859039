"""Pure tensor functions: no configuration, no logging, no hidden state."""
from .center_canvas import center_canvas
from .class_contrast import (
    append_rows,
    bank_losses,
    mean_by_class,
    peer_losses_of_rows,
    surest_rows,
)
from .class_scores import class_logits, class_probabilities, most_probable
from .color import (
    color_jitter,
    denormalize,
    gaussian_blur,
    grayscale,
    normalize,
)
from .confusion import count_classes_, count_confusion_, scores_by_class
from .crop_pairs import (
    directed_mean,
    directional_losses,
    overlap_index,
)
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
from .pixel_contrast import (
    TeacherView,
    info_nce,
    likelihood_rank,
    membership,
    membership_as_released,
    rows_of,
    sample_rows,
    select_pixels,
    similarity_nce,
    split_by_entropy,
    sum_by_class,
)
from .pseudo_labels import (
    agreement,
    confident_ratio,
    confident_shares,
    drop_uncertain,
    entropy_of,
    ignore_padding,
    ignore_rows,
    masked_percentile,
)
from .region_pairs import (
    class_relation,
    region_nce,
    sample_classes,
    sample_members,
)
from .weights import ema_decay, ema_update_

__all__ = [
    'LabelCounts', 'Mixed', 'TeacherView',
    'agreement', 'append_rows', 'bank_losses', 'block_grid', 'block_mask',
    'box_mask', 'center_canvas',
    'class_logits', 'class_mix_mask', 'class_probabilities', 'class_relation',
    'color_jitter', 'concatenate', 'confident_ratio', 'confident_shares',
    'count_classes_', 'count_confusion_', 'count_labels',
    'dct_coefficients', 'dct_grid', 'dct_input', 'denormalize',
    'directed_mean', 'directional_losses',
    'drop_uncertain', 'ema_decay', 'ema_update_', 'entropy_of',
    'gaussian_blur', 'grayscale', 'ignore_padding',
    'ignore_rows', 'info_nce', 'label_quality', 'largest_class',
    'likelihood_rank', 'masked_percentile', 'mean_by_class', 'membership',
    'membership_as_released', 'mix', 'mix_labels', 'most_probable',
    'normalize', 'overlap_index', 'peer_losses_of_rows', 'quality_by_class',
    'region_nce', 'rows_of',
    'sample_classes', 'sample_members', 'sample_rows',
    'scores_by_class', 'select_pixels', 'similarity_nce', 'split_by_entropy',
    'sum_by_class', 'surest_rows', 'upscale'
]
