# GCT on Pascal VOC 2012 + SBD, the blended lists of ST++ of 1/16, 1/8 and 1/4;
# scored at native size.
title = "Semi-supervised Pascal VOC 2012, ST++'s blended lists: GCT"
configs = [
    dict(config='voc-stpp_resnet101-deeplabv2_gct.py', partition=labels)
    for labels in (662, 1323, 2646)
]
