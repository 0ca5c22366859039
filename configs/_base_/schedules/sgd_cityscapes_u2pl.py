# U2PL on Cityscapes: 200 epochs of the unlabeled images in batches of 16 + 16,
# the head as fast as the encoder.
_base_ = './sgd_cityscapes_ssl.py'
epochs = dict(count=200)
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=1.0))))
