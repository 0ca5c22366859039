# CAC on Pascal VOC: 80 epochs of 1157 iterations on 2 GPUs, whatever the
# number of labels; the head ten times as fast as the encoder. As released,
# batch normalization uses the images of all processes.
_base_ = './sgd_voc_ssl.py'
sync_bn = 'torch'
epochs = dict(
    count=80,
    processes=2,
    length={'662': 1157, '1323': 1157, '2646': 1157})
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
