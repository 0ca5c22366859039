# FST-D, the same method as fast as it gets: bfloat16 and NHWC. (Networks with
# attention gain by `fused_attention=True`, too.)
_base_ = './streets_fst-d.py'
channels_last = True
optim_wrapper = dict(type='AutocastOptimWrapper')
