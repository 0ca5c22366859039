# CAC: Pascal VOC, ST++'s lists, 4 + 4 images on each of 2 GPUs, ResNet-101 and
# DeepLabV3+. The long side of the labeled images is 200 to 800 pixels, of the
# unlabeled ones 320 to 800. The release has other lists, a 7x7 stem, more
# dropout inside of its head, and new crops of the labeled images once in an
# epoch.
_base_ = [
    '../_base_/datasets/voc2012_321x321_stpp.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-ps-mt.py',
    '../_base_/methods/ssl_cac.py',
    '../_base_/schedules/sgd_voc_cac.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
partition = '662'
partitions = {
    '_delete_': True,
    '662': dict(labeled=662, unlabeled=9920),
    '1323': dict(labeled=1323, unlabeled=9259),
    '2646': dict(labeled=2646, unlabeled=7936)
}
crop_size = (320, 320)
data_preprocessor = dict(size=crop_size, padding='mean')
segmentor = dict(decode_head=dict(dropout_ratio=0.1))
model = dict(warmup_iters='5 epochs')
labeled_resize = dict(_base_.resize_long_side, interpolation='bicubic')
resize = dict(labeled_resize, ratio_range=(0.8, 2.0))
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=[
                _base_.load, _base_.annotations, labeled_resize,
                dict(_base_.crop, crop_size=crop_size), _base_.flip,
                _base_.pack
            ]),
            unlabeled=dict(pipeline=[
                _base_.load, resize,
                dict(_base_.overlapping_crops, crop_size=crop_size),
                _base_.pack_crops
            ]))))
