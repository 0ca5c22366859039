# FST on Cityscapes: 80 epochs of the unlabeled images in batches of 16 + 16.
_base_ = './sgd_voc_ssl.py'
epochs = dict(count=80, processes=8)
optim_wrapper = dict(optimizer=dict(lr=0.01, weight_decay=5e-4))
