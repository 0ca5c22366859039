# CTT on Pascal VOC: 160k iterations on one GPU, here as 160 epochs of 1000,
# whatever the number of labels; the head ten times as fast as the encoder.
_base_ = './sgd_voc_ssl.py'
sync_bn = None  # one GPU
epochs = dict(
    count=160,
    processes=1,
    length={
        '92': 1000, '183': 1000, '366': 1000, '732': 1000, '1464': 1000,
        '331': 1000, '662': 1000, '1323': 1000, '2646': 1000
    })
optim_wrapper = dict(optimizer=dict(lr=2.5e-4, weight_decay=5e-4))
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
