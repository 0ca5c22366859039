# HRDA's method: DAFormer's, with the margins of the images, which the loader
# marks, in the place of rows of the crops.
_base_ = './daformer_released.py'
model = dict(pseudo_labeler=dict(ignore_top=0, ignore_bottom=0))
