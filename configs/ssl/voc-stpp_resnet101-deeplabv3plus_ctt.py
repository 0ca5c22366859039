# CTT: Pascal VOC, ST++'s lists, 10 + 10 images on one GPU, two ResNet-101 with
# DeepLabV3+. The release begins one student with weights of COCO, and its
# DeepLabV2 has another head.
_base_ = [
    '../_base_/datasets/voc2012_321x321.py',
    '../_base_/students/voc_r101-b3.py',
    '../_base_/methods/ssl_ctt.py',
    '../_base_/schedules/sgd_voc_ctt.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
partition = '662'
model = dict(students=dict(first=_base_.rgb, second=_base_.rgb))
train_dataloader = dict(batch_size=10)
