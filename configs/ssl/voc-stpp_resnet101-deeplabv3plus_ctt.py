# CTT: Pascal VOC, ST++'s lists, 10 + 10 images on one GPU, two ResNet-101 with
# DeepLabV3+ of its release, trained as its DeepLabV2: factors of 0.5 to 1.6,
# no flip. Its DeepLabV2 begins one student with weights of COCO; its program
# for DeepLabV3+ has no contrast, and the learning rate of the encoder for the
# head as well. It scores each student by itself.
_base_ = [
    '../_base_/datasets/voc2012_321x321.py',
    '../_base_/students/voc_cps-r101.py',
    '../_base_/methods/ssl_ctt.py',
    '../_base_/schedules/sgd_voc_ctt.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
partition = '662'
data_preprocessor = dict(padding='mean')
model = dict(students=dict(first=_base_.network, second=_base_.network))
resize = dict(type='RandomFactorResize', ranges=((0.5, 1.6), ))
train_dataloader = dict(
    batch_size=10,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=[
                _base_.load, _base_.annotations, resize, _base_.crop,
                _base_.pack
            ]),
            unlabeled=dict(pipeline=[
                _base_.load, resize, _base_.crop, _base_.pack
            ]))))
