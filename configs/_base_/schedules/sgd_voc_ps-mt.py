# PS-MT on Pascal VOC: 80 epochs of the unlabeled images in batches of 32 + 32
# on 4 GPUs, 200 for 2646 labels, one learning rate for encoder and head, no
# decay of norms and biases. Batch normalization uses the images of all
# processes.
_base_ = './sgd_voc_ssl.py'
epochs = dict(
    count={
        '_delete_': True,
        **dict.fromkeys(
            ('92', '183', '366', '732', '1464', '331', '662', '1323'), 80),
        '2646': 200
    })
sync_bn = 'torch'
optim_wrapper = dict(
    optimizer=dict(lr=0.01),
    paramwise_cfg=dict(
        _delete_=True, norm_decay_mult=0.0, bias_decay_mult=0.0))
