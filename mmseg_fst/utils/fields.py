"""Names of fields that this package adds to data samples."""

#: Ground truth of an unlabeled image, used only to measure label quality.
DIAGNOSIS = 'gt_for_diagnosis'
#: Map of the pixels of an unlabeled image whose pseudo-labels count.
TRUSTED = 'trusted_pixels'
#: Their box in the crop: top, bottom, left and right.
TRUSTED_BOX = 'trusted_box'
