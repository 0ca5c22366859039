# The same on Cityscapes, still at stride 16: hard pixels alone count. UniMatch
# keeps at least 200000 pixels of the 2 labeled images of a process;
# OHEMPixelSampler multiplies `min_kept` by the number of images.
_base_ = './resnet50-deep_deeplabv3plus-unimatch.py'
segmentor = dict(
    decode_head=dict(
        num_classes=19,
        sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=100000)))
