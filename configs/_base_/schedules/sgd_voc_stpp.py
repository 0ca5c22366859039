# ST++ on Pascal VOC: 80 epochs in each of three stages, in batches of 16. The
# learning rates are the same as for U2PL and FST.
_base_ = './sgd_voc_ssl.py'
sync_bn = None  # nn.DataParallel in the release
# The iterations of an epoch, by partition. In the first stage an epoch is all
# labels, twice where they are less than 200; in the others all images with
# pseudo-labels, half of the unlabeled ones and then all, and the labels
# repeated until they are as many.
first_stage = dict(
    # The others have 8 labeled images and 8 with pseudo-labels.
    train_dataloader=dict(batch_size=16),
    epochs=dict(
        length={
            '92': 11, '183': 22, '366': 22, '732': 45, '1464': 91,
            '662': 41, '1323': 82, '2646': 165
        }))
second_stage = dict(
    epochs=dict(
        length={
            '92': 661, '183': 656, '366': 639, '732': 628, '1464': 650,
            '662': 641, '1323': 620, '2646': 578
        }))
epochs = dict(
    count=80,
    length={
        '92': 1316, '183': 1301, '366': 1279, '732': 1256, '1464': 1210,
        '662': 1240, '1323': 1157, '2646': 992
    })
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
