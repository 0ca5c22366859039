# ST++ as in its release: the best checkpoint labels, as scored on the
# validation images, by five sizes of an image and their mirror images; in the
# last stage reliable images have the labels of the one before.
_base_ = './ssl_stpp.py'
stages = dict(
    label_by='best',
    label_protocol=dict(type='MultiScale'),
    second_labels='unreliable')
