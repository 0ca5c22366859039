# PrevMatch: Cityscapes, UniMatch's lists,
# ResNet-101 and DeepLabV3+. The release trains with 4 + 4 images on each of
# two GPUs, in half precision. It multiplies the mean loss on labels of earlier
# students by the sum of the mean confidences of the 4 images; here each pixel
# is weighted with 4 times its confidence.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_801x801.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-unimatch-cityscapes.py',
    '../_base_/methods/ssl_prevmatch.py',
    '../_base_/schedules/sgd_cityscapes_unimatch.py',
    '../_base_/protocols/cityscapes_windows_unimatch.py',
    '../_base_/default_runtime.py'
]
# At least 200000 pixels of 4 labeled images count.
segmentor = dict(decode_head=dict(sampler=dict(min_kept=50000)))
model = dict(
    ramp_epochs=240,
    loss_weights=dict(mixed_previous=2.0, perturbed_previous=2.0),
    # As released: here every pixel is sure enough.
    pseudo_labeler=dict(threshold=0.),
    previous_labeler=dict(_delete_=True, type='ConfidenceWeight'))
