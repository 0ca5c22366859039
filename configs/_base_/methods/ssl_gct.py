# GCT (Ke et al., ECCV 2020): of two networks each follows, pixel by pixel, the
# prediction that a detector finds less flawed. No strong views. Numbers of the
# release for Pascal VOC and DeepLabV2 (deeplabv2_pascalvoc_1-8_sslgct.py). A
# cell sets `ramp_iters`, 3 epochs.
model = dict(
    type='GCT',
    flaw_detector=dict(type='FlawDetector', error_share=0.5, dilations=1),
    flaw_threshold=0.6,
    loss_weights=dict(
        labeled=1.0, consistency=100.0, correction=1.0, detector=10.0))
# The detector has its own optimizer. Cells choose it by
# `optim_wrapper.students.flaw_detector=_base_.detector_optimizer`.
detector_optimizer = dict(
    optimizer=dict(
        _delete_=True, type='Adam', lr=1e-4, betas=(0.9, 0.99)))
