# The mean teacher with the computation of FST.
_base_ = './voc_deeplabv3plus_mean-teacher.py'
epochs = dict(count=4 * _base_.epochs.count)
