# PS-MT on 92 labels, with another weight of unlabeled images.
_base_ = './voc-stpp_resnet101-deeplabv3plus_ps-mt-original.py'
partition = '92'
model = dict(loss_weights=dict(mixed=0.06))
