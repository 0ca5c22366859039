# PS-MT on Pascal VOC: 80 epochs of the unlabeled images in batches of 32 + 32
# on 4 GPUs, one learning rate for encoder and head, no decay of norms and
# biases. For 2646 labels its release trains 200 epochs (`epochs.count`).
_base_ = './sgd_voc_ssl.py'
epochs = dict(count=80)
optim_wrapper = dict(
    optimizer=dict(lr=0.01),
    paramwise_cfg=dict(
        _delete_=True, norm_decay_mult=0.0, bias_decay_mult=0.0))
