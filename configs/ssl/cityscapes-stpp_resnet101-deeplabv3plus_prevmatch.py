# PrevMatch: Cityscapes, UniMatch's lists,
# ResNet-101 and DeepLabV3+. The release trains with 4 + 4 images on each of
# two GPUs, in half precision. It weights each image with its mean confidence,
# summed over the batch; here each pixel is weighted with its confidence.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_801x801.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-unimatch-cityscapes.py',
    '../_base_/methods/ssl_prevmatch.py',
    '../_base_/schedules/sgd_cityscapes_unimatch.py',
    '../_base_/protocols/cityscapes_windows_unimatch.py',
    '../_base_/default_runtime.py'
]
model = dict(
    ramp_epochs=240,
    # As released: here every pixel is sure enough.
    pseudo_labeler=dict(threshold=0.),
    previous_labeler=dict(_delete_=True, type='ConfidenceWeight'))
