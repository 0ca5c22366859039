# ReCo on Pascal VOC: 200 epochs of 200 iterations on one GPU, whatever the
# number of labels; one learning rate for encoder and heads. It follows the
# poly rule from epoch to epoch in the release, here in every iteration.
_base_ = './sgd_voc_ssl.py'
sync_bn = None  # one GPU
epochs = dict(
    count=200,
    processes=1,
    length={'92': 200, '183': 200, '366': 200, '732': 200, '1464': 200})
optim_wrapper = dict(
    optimizer=dict(lr=2.5e-3, weight_decay=5e-4, nesterov=True),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=1.0))))
