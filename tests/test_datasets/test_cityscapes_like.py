"""Every data set with the classes of Cityscapes, as its config reads it."""
import pytest
from fake_data import MAKERS
from helpers import REPOSITORY, pair_index
from mmengine.config import Config
from mmseg.datasets import CityscapesDataset

from mmseg_fst.apis import check_config
from mmseg_fst.registry import DATASETS

TASKS = ('gta_to_cityscapes', 'synthia_to_cityscapes', 'cityscapes_to_acdc',
         'cityscapes_to_darkzurich', 'gta_to_bdd100k', 'gta_to_mapillary')
NOT_IN_SYNTHIA = {9, 14, 16}


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    for name, make in MAKERS.items():
        make(folder / name)
    return folder


@pytest.fixture
def load(roots, monkeypatch):
    for name in MAKERS:
        monkeypatch.setenv(f'{name.upper()}_ROOT', str(roots / name))
    return lambda task: Config.fromfile(
        str(REPOSITORY / f'configs/_base_/datasets/{task}_512x512.py'))


@pytest.mark.parametrize('task', TASKS)
def test_a_config_reads_its_data_set(load, task):
    cfg = load(task)
    check_config(cfg)
    dataset = cfg.train_dataloader.dataset
    for side in (dataset.sides.labeled, dataset.sides.unlabeled):
        side.serialize_data = False  # it collects garbage
    data = DATASETS.build(dataset)
    assert data.lengths['labeled'] == data.lengths['unlabeled'] == 4
    item = data[pair_index(0, 1, 0)]
    for side in item.values():
        assert side['inputs'].shape[0] == 3
        assert max(side['inputs'].shape[1:]) == 512
    label = item['labeled']['data_samples'].gt_sem_seg.data
    assert set(label.unique().tolist()) <= {*range(19), 255}
    assert 'gt_sem_seg' not in item['unlabeled']['data_samples']
    val = DATASETS.build(cfg.val_dataloader.dataset)
    classes = CityscapesDataset.METAINFO['classes']
    for dataset in (data, val):
        assert dataset.metainfo['classes'] == classes
    assert len(val) == (4 if task.endswith('acdc') else 2)
    sample = val[0]['data_samples']
    # Evaluated at the size of the label, whatever the input size.
    assert sample.gt_sem_seg.shape == sample.ori_shape == (72, 128)
    assert set(sample.gt_sem_seg.data.unique().tolist()) <= {*range(19), 255}
    assert cfg.test_dataloader == cfg.val_dataloader


def test_classes_that_synthia_lacks_are_never_sampled(load):
    sampling = DATASETS.build(load('synthia_to_cityscapes').train_dataloader
                              .dataset).rare_class_sampling
    sampled = set(sampling.class_probs.nonzero()[0])
    assert sampled and not sampled & NOT_IN_SYNTHIA


@pytest.mark.parametrize('task, scales', [
    ('gta_to_cityscapes', [(1280, 720), (1024, 512), (1024, 512)]),
    ('synthia_to_cityscapes', [(1280, 760), (1024, 512), (1024, 512)]),
    ('cityscapes_to_acdc', [(1024, 512), (960, 540), (960, 540)]),
    ('cityscapes_to_darkzurich', [(1024, 512), (960, 540), (960, 540)]),
    ('gta_to_bdd100k', [(1280, 720), (1280, 720), (1280, 720)]),
    ('gta_to_mapillary', [(1280, 720), (1024, 512), (1024, 512)]),
])
def test_sizes_of_the_release_and_of_daformer(load, task, scales):
    """Scales keep the shape of an image: GTA is 1914 x 1052."""
    cfg = load(task)
    dataset = cfg.train_dataloader.dataset
    found = []
    for side in (*dataset.sides.values(), cfg.val_dataloader.dataset):
        resize = next(step for step in side.pipeline if step.type == 'Resize')
        assert resize.keep_ratio
        found.append(tuple(resize.scale))
    assert found == scales
    crop = dataset.sides.labeled.pipeline[3]
    assert crop.crop_size == (512, 512) and crop.cat_max_ratio == .75
    sampling = dataset.rare_class_sampling
    assert (sampling.temperature, sampling.min_pixels,
            sampling.min_crop_ratio) == (.01, 3000, .5)


@pytest.mark.parametrize('task, margins', [
    ('gta_to_cityscapes', (30, 240, 30, 30)),
    ('synthia_to_cityscapes', (30, 240, 30, 30)),
    ('cityscapes_to_acdc', None), ('cityscapes_to_darkzurich', None)])
def test_sizes_of_hrda_are_twice_as_large(load, task, margins):
    """With margins of Cityscapes, where it is the target."""
    base, folder = load(task), REPOSITORY / 'configs/_base_/datasets'
    cfg = Config.fromfile(str(folder / f'{task}_1024x1024.py'))
    dataset, val = cfg.train_dataloader.dataset, cfg.val_dataloader.dataset
    before = base.train_dataloader.dataset
    pipelines = [(side.pipeline, other.pipeline) for side, other in zip(
        (*dataset.sides.values(), val),
        (*before.sides.values(), base.val_dataloader.dataset))]
    for pipeline, other in pipelines:
        large, small = (
            [step for step in steps if step.type != 'PseudoLabelMargins']
            for steps in (pipeline, other))
        assert [step.type for step in large] == [step.type for step in small]
        for step, half in zip(large, small):
            for key in ('scale', 'crop_size'):
                if key in step:
                    assert step[key] == tuple(2 * side for side in half[key])
    found = [step for step in dataset.sides.unlabeled.pipeline
             if step.type == 'PseudoLabelMargins']
    assert [tuple(step[key] for key in ('top', 'bottom', 'left', 'right'))
            for step in found] == ([margins] if margins else [])
    assert cfg.crop_size == cfg.data_preprocessor.size == (1024, 1024)
    assert dataset.rare_class_sampling == dict(
        before.rare_class_sampling, min_crop_ratio=2.)
    assert cfg.val_evaluator == base.val_evaluator
    assert dataset.sides.unlabeled.type == before.sides.unlabeled.type
    assert val.data_prefix == base.val_dataloader.dataset.data_prefix


def test_an_unconverted_label_says_what_to_do(load, roots, tmp_path):
    gta = MAKERS['gta'](tmp_path / 'gta')
    (gta / 'labels' / '00002_labelTrainIds.png').unlink()
    dataset = load('gta_to_cityscapes').train_dataloader.dataset
    dataset.sides.labeled.data_root = str(gta)
    with pytest.raises(FileNotFoundError, match='tools/check_data.py'):
        DATASETS.build(dataset)
