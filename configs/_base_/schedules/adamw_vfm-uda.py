# VFM-UDA's schedule: 40k iterations, the head ten times as fast as the
# encoder, 8 images of each side in a step. Everything decays. (The release has
# float16 with a loss scaler, and its warm-up starts at 1/1000 and is not
# multiplied by the linear rule.)
_base_ = './adamw_40k.py'
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    # 5e-5 times the root of the number of images, a tenth of it for the
    # encoder.
    optimizer=dict(lr=5e-6 * 8**0.5),
    paramwise_cfg=dict(
        # 1 in VFM-UDA, 0.9 in VFM-UDA++.
        layer_decay=1.0,
        custom_keys=dict(_delete_=True, head=dict(lr_mult=10.0))))
