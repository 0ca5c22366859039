"""Labels of the unlabeled side, for measuring alone."""
import numpy as np
import pytest
import torch
from helpers import make_streets, pair_index, paired_cfg
from mmcv.transforms import BaseTransform
from mmengine.dataset import pseudo_collate

from mmseg_fst.datasets.packing import Pack
from mmseg_fst.registry import DATASETS, MODELS, TRANSFORMS

FOLDER = 'gtFine/train'
RANDOM = [
    dict(type='LoadWholeImage'),
    dict(type='RandomFactorResize', ranges=((.5, 1), (1, 2))),
    dict(type='PadToCrop', size=(24, 24)),
    dict(type='RandomCrop', crop_size=(24, 24)),
    dict(type='RandomFlip', prob=.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]


@pytest.fixture
def streets(tmp_path):
    return make_streets(tmp_path / 'streets', target_labels=True)


def build(root, folder=FOLDER, pipeline=None, **changes):
    cfg = paired_cfg(root, labels_for_diagnosis=folder, **changes)
    if pipeline is not None:
        cfg['sides']['unlabeled']['pipeline'] = pipeline
    return DATASETS.build(cfg)


def test_the_item_is_that_without_labels_and_the_label_goes_along(streets):
    plain, diagnosed = (build(streets, folder, RANDOM)
                        for folder in (None, FOLDER))
    for index in range(8):
        where = pair_index(index % 4, (index + 1) % 4, seed=index)
        first, second = plain[where], diagnosed[where]
        for side in first:
            assert torch.equal(first[side]['inputs'], second[side]['inputs'])
        sample = second['unlabeled']['data_samples']
        assert 'gt_sem_seg' not in sample
        label = sample.gt_for_diagnosis.data
        assert label.shape == (1, 24, 24) and label.dtype == torch.int64


def test_the_label_is_that_of_the_image_cropped_as_it_is(streets):
    """In the image the gray of a pixel is its class."""
    pipeline = [step for step in RANDOM if 'Resize' not in step['type']
                and step['type'] != 'PhotoMetricDistortion']
    data = build(streets, pipeline=pipeline)
    for index in range(4):
        item = data[pair_index(0, index, seed=index)]['unlabeled']
        label = item['data_samples'].gt_for_diagnosis.data[0].numpy()
        image = item['inputs'].float().mean(0).numpy()
        known = label != 255
        expected = label * 19 % 215 + 20
        assert np.corrcoef(image[known], expected[known])[0, 1] > .9


def test_packed_images_and_crops_scaled_alone_have_their_labels(
        streets, tmp_path):
    steps = [
        dict(type='RandomFactorResize', ranges=((.5, 2.), ),
             backend='pillow'),
        dict(type='RandomCrop', crop_size=(16, 24)),
        dict(type='PackByteInputs')
    ]
    cfg = paired_cfg(streets, scale_crops=True)
    cfg['sides']['labeled']['pipeline'][2:] = steps
    cfg['sides']['unlabeled']['pipeline'][1:] = steps
    for side in ('labeled', 'unlabeled'):
        Pack(side, DATASETS.build(cfg['sides'][side]),
             cfg['sides'][side]['pipeline'],
             str(tmp_path)).write()
    cfg['packed'] = str(tmp_path)
    plain = DATASETS.build(cfg)
    diagnosed = DATASETS.build(dict(cfg, labels_for_diagnosis=FOLDER))
    for seed in range(4):
        first, second = (data[pair_index(0, seed, seed)]['unlabeled']
                         for data in (plain, diagnosed))
        assert torch.equal(first['inputs'], second['inputs'])
        label = second['data_samples'].gt_for_diagnosis.data
        assert label.shape == (1, 16, 24)


def test_no_model_sees_them_and_the_batch_keeps_them(streets):
    data = build(streets)
    batch = pseudo_collate([data[0], data[1]])
    preprocessor = MODELS.build(
        dict(type='SelfTrainingDataPreProcessor', size=(32, 64)))
    done = preprocessor(batch, training=True)
    for side in ('labeled', 'unlabeled'):
        for sample in done['data_samples'][side]:
            assert 'gt_for_diagnosis' not in sample
    for sample in batch['unlabeled']['data_samples']:
        assert 'gt_for_diagnosis' in sample


@TRANSFORMS.register_module()
class DarkenLabeled(BaseTransform):
    """Does something else to an image that comes with a label."""

    def transform(self, results):
        if 'gt_seg_map' in results:
            results['img'] = results['img'] // 2
        return results


def test_a_transform_that_looks_at_labels_is_refused(streets):
    pipeline = [dict(type='LoadWholeImage'), dict(type='DarkenLabeled'),
                dict(type='PackSegInputs')]
    with pytest.raises(ValueError, match='depends on labels'):
        build(streets, pipeline=pipeline)[0]


def test_what_cannot_be_had_is_told(streets):
    loads = [dict(type='LoadWholeImage'), dict(type='LoadAnnotations'),
             dict(type='PackSegInputs')]
    with pytest.raises(ValueError, match='take LoadAnnotations out'):
        build(streets, pipeline=loads)
    with pytest.raises(FileNotFoundError, match='has no label'):
        build(streets, 'gtFine/none')
