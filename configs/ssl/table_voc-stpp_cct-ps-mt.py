# CCT and PS-MT on Pascal VOC 2012 + SBD, the lists of ST++; scored at native
# size.
title = "Semi-supervised Pascal VOC 2012, ST++'s lists: CCT and PS-MT"
configs = [
    dict(config='voc-stpp_resnet50-pspnet_cct.py', partition=1464)
] + [
    dict(
        config=f'voc-stpp_resnet101-deeplabv3plus_{method}.py',
        partition=labels)
    for labels in (662, 1323, 2646)
    for method in ('cct', 'ps-mt', 'ps-mt_fst')
]
