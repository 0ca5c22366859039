# U2PL as in its release: see `match_release` of ContrastiveMemory. Its
# positives are not averaged over time, its shares change from epoch to epoch,
# 80 in all, and gradients of its contrast are divided by the number of GPUs,
# 4 on Pascal VOC. Dropout of the teacher is on in its pass of the images of
# the student. For a run that is to be compared with the published numbers; the
# first epoch has labels alone, which the cell sets with its schedule, and in
# it the teacher keeps its own initial weights.
_base_ = './ssl_u2pl.py'
model = dict(
    pseudo_filter=dict(epochs=80),
    contrast=dict(match_release=True, decay=0., epochs=80, loss_weight=0.25),
    teacher_dropout=True)
