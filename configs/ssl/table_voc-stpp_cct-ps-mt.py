# CCT and PS-MT on Pascal VOC 2012 + SBD, the lists of ST++; scored at native
# size. PS-MT trains 200 epochs of 2646 labels, see sgd_voc_ps-mt.py.
title = "Semi-supervised Pascal VOC 2012, ST++'s lists: CCT and PS-MT"
configs = [
    dict(config='voc-stpp_resnet50-pspnet_cct.py', partition=1464)
] + [
    dict(
        config=f'voc-stpp_resnet101-deeplabv3plus_{method}.py',
        partition=labels)
    for labels in (662, 1323)
    for method in ('cct', 'ps-mt', 'ps-mt_fst')
] + [
    dict(
        config='voc-stpp_resnet101-deeplabv3plus_cct.py', partition=2646)
]
