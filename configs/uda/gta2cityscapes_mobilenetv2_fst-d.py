# FST-D on GTA -> Cityscapes with a small encoder.
_base_ = [
    '../_base_/datasets/gta_to_cityscapes_512x512.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/mean_teacher.py', '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor,
    # Sky with rectification artefacts on top, the bonnet at the bottom.
    pseudo_labeler=dict(ignore_top=15, ignore_bottom=120))
model['segmentor']['decode_head']['num_classes'] = 19
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.999)]
