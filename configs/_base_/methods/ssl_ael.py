# AEL (Hu et al., NeurIPS 2021): a mean teacher; classes of low confidence are
# pasted, cut and sampled more often. Numbers of its cell of Cityscapes; cells
# name the classes that fill most images, which are not pasted, and the side
# `paste` of the data.
model = dict(
    type='AEL',
    bank=dict(type='ClassConfidence', decay=0.999),
    copy_paste=dict(type='AdaptiveCopyPaste', count=3, prob=0.5, power=0.5),
    pseudo_labeler=dict(type='ConfidenceWeight', power=2, threshold=0.),
    mixer=dict(type='AdaptiveCutMix', min_share=0.01, min_component=0.005),
    balanced=dict(type='BalancedCrossEntropy', power=1),
    mixed_auxiliary='off')
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99, when='after')]
