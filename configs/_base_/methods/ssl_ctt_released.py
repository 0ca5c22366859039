# CTT as in its release, which computes both contrasts and adds neither.
_base_ = './ssl_ctt.py'
model = dict(contrast=None)
