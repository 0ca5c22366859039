# With a loss that counts all classes alike, however few pixels they have.
_base_ = './unet8_fcn.py'
segmentor = dict(
    decode_head=dict(
        loss_decode=[
            dict(type='CrossEntropyLoss', avg_non_ignore=True),
            dict(type='ClassDiceLoss')
        ]))
