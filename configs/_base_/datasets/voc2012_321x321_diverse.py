# Pascal VOC 2012 + SBD as Diverse Co-training has it: 4 + 4 images on each of
# 4 GPUs.
_base_ = './voc2012_321x321.py'
train_dataloader = dict(batch_size=4)
