"""Fields of data samples that MMSegmentation does not know."""

#: True label of an unlabeled image, for hooks that measure.
DIAGNOSIS = 'gt_for_diagnosis'
