# Pascal VOC 2012 + SBD with crops of 321 and the blended lists of ST++ that
# have as many labels as U2PL's.
_base_ = './voc2012_321x321.py'
partition = '662'
partitions = {
    '_delete_': True,
    **{
        name: counts
        for name, counts in _base_.partitions.items()
        if name in ('662', '1323', '2646')
    }
}
