# CTT: Cityscapes at half of its size, UniMatch's lists, 2 + 2 images on one
# GPU, two ResNet-101 with DeepLabV3+. The release has DeepLabV2 on
# Cityscapes, with another head, and begins one student with weights of COCO.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_256x512_ctt.py',
    '../_base_/students/voc_r101-b3.py',
    '../_base_/methods/ssl_ctt.py',
    '../_base_/schedules/sgd_cityscapes_ctt.py',
    '../_base_/default_runtime.py'
]
network = dict(
    _base_.rgb, decode_head=dict(_base_.rgb.decode_head, num_classes=19))
model = dict(students=dict(first=network, second=network))
