# Mean teacher with ClassMix across domains: DACS (Tranheden et al., WACV
# 2021). FST is this with another hook.
model = dict(
    type='MeanTeacher',
    # 0.968 is DACS's confidence; the share of pixels above it weighs all.
    pseudo_labeler=dict(type='ConfidentRatio', threshold=0.968),
    mixer=dict(type='ClassMix'),
    photometric=dict(
        type='StrongPhotometric',
        jitter_prob=0.8,
        jitter_strength=0.2,
        blur_prob=0.5))
custom_hooks = [dict(type='MeanTeacherHook', decay=0.999)]
