"""Names of fields that this package adds to data samples."""

#: Ground truth of an unlabeled image, used only to measure label quality.
DIAGNOSIS = 'gt_for_diagnosis'
