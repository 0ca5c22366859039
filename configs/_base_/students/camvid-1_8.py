# The same students, trained on an eighth of CamVid.
_base_ = './camvid-1_16.py'
rgb, second = _base_.rgb, _base_.second
deeplabv3plus, dct = _base_.deeplabv3plus, _base_.dct
for student in (rgb, second, deeplabv3plus, dct):
    start = student['init_cfg']
    start['checkpoint'] = start['checkpoint'].replace('-1_16_', '-1_8_')
del student, start
