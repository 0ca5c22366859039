# FST-D as fast as it gets: bfloat16, NHWC, and the mixed images of the first
# virtual step, with their graph, in the real one.
_base_ = './streets_fst-d.py'
channels_last = True
optim_wrapper = dict(type='AutocastOptimWrapper')
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99, redraw=False)]
