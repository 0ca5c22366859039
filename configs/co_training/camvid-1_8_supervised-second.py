# The same network with another seed for weights and order: the second network
# of CPS.
_base_ = '../ssl/camvid-1_8_supervised.py'
seed_offset = 1000
