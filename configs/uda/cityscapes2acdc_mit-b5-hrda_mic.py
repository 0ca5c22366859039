# MIC on HRDA: Cityscapes -> ACDC,
# MiT-B5 with DAFormer's head at two scales.
_base_ = [
    '../_base_/datasets/cityscapes_to_acdc_1024x1024.py',
    '../_base_/models/mit-b5_hrda.py',
    '../_base_/methods/mic_hrda_released.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
# Experiment 80 of the release has mask_mode='separate' here: of the two images
# of either side one is masked, without jitter and blur.
model = dict(masked_images='both', augment_masked=False)
