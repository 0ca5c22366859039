# The CPU-sized network, but for the input: DCT coefficients in place of all
# that MobileNetV2 computes up to stride 4. Their statistics are CamVid's.
_base_ = ['./mobilenetv2_segformer-ssl.py', '../dct_statistics/camvid.py']
segmentor = dict(
    backbone=dict(
        _delete_=True,
        type='DCTInput',
        mean=_base_.dct_mean,
        std=_base_.dct_std,
        backbone=dict(
            type='DCTMobileNetV2',
            init_cfg=dict(
                type='Pretrained',
                prefix='timm_model.',
                checkpoint='checkpoints/mobilenetv2_100.pth'))))
