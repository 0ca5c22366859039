# The same network, weights and order drawn anew: the second one of CPS.
_base_ = '../ssl/camvid-1_8_supervised.py'
seed_offset = 1000
