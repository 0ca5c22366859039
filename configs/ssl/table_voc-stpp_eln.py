# ELN on Pascal VOC 2012 + SBD, the blended lists of ST++ of 1/8 and 1/4;
# scored at native size, in the release at 505 x 505.
title = "Semi-supervised Pascal VOC 2012, ST++'s blended lists: ELN"
configs = [
    dict(config='voc-stpp_resnet101-deeplabv3plus_eln.py', partition=labels)
    for labels in (1323, 2646)
]
