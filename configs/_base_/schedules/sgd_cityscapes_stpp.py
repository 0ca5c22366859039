# ST++ on Cityscapes: 240 epochs in each stage, with another learning rate,
# otherwise as on Pascal VOC.
_base_ = './sgd_voc_stpp.py'
first_stage = dict(
    epochs=dict(length={'100': 12, '186': 23, '372': 23, '744': 46}))
second_stage = dict(
    epochs=dict(length={'100': 183, '186': 180, '372': 174, '744': 162}))
epochs = dict(
    count=240, length={'100': 360, '186': 348, '372': 325, '744': 278})
optim_wrapper = dict(optimizer=dict(lr=0.004))
