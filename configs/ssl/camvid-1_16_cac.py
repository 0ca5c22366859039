# CAC: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_cac.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
# The projection is new to the network that was trained on labels; in the
# release it learns as fast as the decode head.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(projection_head=dict(lr_mult=10.0))))
load_from = 'work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'
# Crops of 192 x 256 pixels have 768 positions at stride 8.
model = dict(
    projection=dict(channels=64), contrast=dict(num_keys=1024))
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            unlabeled=dict(pipeline=[
                _base_.load, _base_.resize,
                dict(_base_.overlapping_crops, crop_size=_base_.crop_size),
                _base_.pack_crops
            ]))))
