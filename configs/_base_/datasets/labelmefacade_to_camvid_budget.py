# Real streets elsewhere and a few labeled frames of CamVid -> CamVid, on the 6
# classes that both label.
_base_ = './streetgen_to_camvid_budget.py'
classes = ('sky', 'building', 'road', 'sidewalk', 'tree', 'car')
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(
                type='LabelMeFacadeDataset',
                data_root='{{$LABELMEFACADE_ROOT:data/labelmefacade}}'),
            target_labeled=dict(metainfo=dict(classes=classes)))))
val_dataloader = dict(dataset=dict(metainfo=dict(classes=classes)))
test_dataloader = val_dataloader
