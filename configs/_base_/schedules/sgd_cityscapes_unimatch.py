# UniMatch on Cityscapes: 240 epochs of the unlabeled images in batches of
# 8 + 8, the head as fast as the encoder.
_base_ = './sgd_voc_unimatch.py'
epochs = dict(count=240)
optim_wrapper = dict(
    optimizer=dict(lr=0.005),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=1.0))))
