# FST, three steps deep, without the traces of its release: padding is ignored,
# in training and in scoring, the present is restored whole, the teacher takes
# its running statistics from the student, starts on its own at once and moves
# once for each student.
_base_ = [
    '../_base_/datasets/voc2012_513x513.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl.py',
    '../_base_/methods/ssl_mean_teacher.py',
    '../_base_/schedules/sgd_voc_ssl.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
model = dict(pseudo_filter=dict(batch_statistics=False))
custom_hooks = [
    dict(
        type='FSTHook',
        depth=3,
        decay=0.99,
        when='after',
        restore='all',
        buffers='copy',
        repeat=False)
]
