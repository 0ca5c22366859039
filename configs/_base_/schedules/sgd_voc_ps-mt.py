# PS-MT on Pascal VOC: 80 epochs of the unlabeled images in batches of 32 + 32
# on 4 GPUs, 200 for 2646 labels; one learning rate for encoder and head, no
# decay of norms and biases.
_base_ = './sgd_voc_ssl.py'
epochs = dict(
    _delete_=True,
    count={
        '92': 80, '183': 80, '366': 80, '732': 80, '1464': 80,
        '662': 80, '1323': 80, '2646': 200
    },
    processes=4)
optim_wrapper = dict(
    optimizer=dict(lr=0.01),
    paramwise_cfg=dict(
        _delete_=True, norm_decay_mult=0.0, bias_decay_mult=0.0))
