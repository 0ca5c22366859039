# PrevMatch: Pascal VOC, ST++'s lists,
# ResNet-50 and DeepLabV3+. The release trains with 8 + 8 images on one GPU,
# in half precision.
_base_ = [
    '../_base_/datasets/voc2012_321x321.py',
    '../_base_/models/resnet50-deep_deeplabv3plus-unimatch.py',
    '../_base_/methods/ssl_prevmatch.py',
    '../_base_/schedules/sgd_voc_unimatch.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
model = dict(ramp_epochs=80)
# One process shuffles its second pass over the unlabeled images by itself, so
# boxes come from other images there, not from second crops.
again = dict(_delete_=True)
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            unlabeled_again=_base_.train_dataloader.dataset.sides.unlabeled),
        disjoint=[('labeled', 'unlabeled')]))
