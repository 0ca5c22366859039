"""Pure tensor functions: no configuration, no logging, no hidden state."""
from .adversarial import adversarial_noise
from .bank_contrast import (
    append_rows,
    bank_losses,
    mean_by_class,
    peer_losses_of_rows,
    surest_rows,
)
from .center_canvas import center_canvas
from .channel_groups import channel_weights, enqueue_channels, group_channels
from .class_balance import (
    class_share,
    confidence_sums,
    doubt_softmax,
    half_box,
    keep_pixels,
    sample_index,
    weighted_cross_entropy,
)
from .class_scores import class_logits, class_probabilities, most_probable
from .color import (
    color_jitter,
    denormalize,
    gaussian_blur,
    grayscale,
    normalize,
)
from .components import connected_components
from .confusion import count_classes_, count_confusion_, scores_by_class
from .consistency import assist, divergence, probability_error
from .crop_pairs import directed_mean, directional_losses, overlap_index
from .dct import dct_coefficients, dct_grid, dct_input, upscale
from .distillation import soft_label_loss, soften
from .distortions import DISTORTIONS, distort
from .error_maps import balanced_cross_entropy, class_contrast
from .flaw_maps import Exchange, exchange, flaw_target, scale_flaws
from .hardest import hard_pixels
from .label_free import (
    LABEL_FREE_RULES,
    class_kl,
    neighborhood_density,
    prediction_entropy,
)
from .label_quality import (
    LabelCounts,
    count_labels,
    label_quality,
    quality_by_class,
)
from .largest import largest_class
from .masking import block_grid, block_mask, patch_centers
from .mixing import (
    Mixed,
    box_mask,
    class_mix_mask,
    concatenate,
    mix,
    mix_labels,
    relabel,
)
from .noisy_labels import reverse_cross_entropy, self_correction
from .object_boxes import erase_in_objects, sample_object_box
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
from .precision import without_autocast
from .propagation import (
    correlation_map,
    label_regions,
    peak_confidence,
    region_masks,
    spread,
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
    scale_sizes,
    weigh_boxes,
)
from .ramps import cosine_ramp, gaussian_ramp
from .region_pairs import (
    class_relation,
    region_nce,
    sample_classes,
    sample_members,
)
from .weights import ema_decay, ema_update_
from .windows import Box, average_windows, insert_window, scale_box

__all__ = [
    'Box', 'DISTORTIONS', 'Exchange', 'LABEL_FREE_RULES', 'LabelCounts',
    'Mixed', 'TeacherView', 'adversarial_noise', 'agreement', 'append_rows',
    'assist', 'average_windows', 'balanced_cross_entropy', 'bank_losses',
    'block_grid', 'block_mask', 'box_mask', 'center_canvas', 'channel_weights',
    'class_contrast', 'class_kl', 'class_logits', 'class_mix_mask',
    'class_probabilities', 'class_relation', 'class_share', 'color_jitter',
    'concatenate', 'confidence_sums', 'confident_ratio', 'confident_shares',
    'connected_components', 'correlation_map', 'cosine_ramp', 'count_classes_',
    'count_confusion_', 'count_labels', 'dct_coefficients', 'dct_grid',
    'dct_input', 'denormalize', 'directed_mean', 'directional_losses',
    'distort', 'divergence', 'doubt_softmax', 'drop_uncertain', 'ema_decay',
    'ema_update_', 'enqueue_channels', 'entropy_of', 'erase_in_objects',
    'exchange', 'flaw_target', 'gaussian_blur', 'gaussian_ramp', 'grayscale',
    'group_channels', 'half_box', 'hard_pixels', 'ignore_padding',
    'ignore_rows', 'info_nce', 'insert_window', 'keep_pixels', 'label_quality',
    'label_regions', 'largest_class', 'likelihood_rank', 'masked_percentile',
    'mean_by_class', 'membership', 'membership_as_released', 'mix',
    'mix_labels', 'most_probable', 'neighborhood_density', 'normalize',
    'overlap_index', 'patch_centers', 'peak_confidence', 'peer_losses_of_rows',
    'prediction_entropy', 'probability_error', 'quality_by_class',
    'region_masks', 'region_nce', 'relabel', 'reverse_cross_entropy',
    'rows_of', 'sample_classes', 'sample_index', 'sample_members',
    'sample_object_box', 'sample_rows', 'scale_box', 'scale_flaws',
    'scale_sizes', 'scores_by_class', 'select_pixels', 'self_correction',
    'similarity_nce', 'soft_label_loss', 'soften', 'split_by_entropy',
    'spread', 'sum_by_class', 'surest_rows', 'upscale', 'weigh_boxes',
    'weighted_cross_entropy', 'without_autocast'
]
