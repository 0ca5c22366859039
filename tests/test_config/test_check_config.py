"""Tests of the checks before a run."""
import copy

import pytest
from helpers import model_cfg, paired_cfg, streets_cfg
from mmengine.config import Config

from mmseg_fst.apis import check_config


@pytest.fixture
def cfg(streets):
    """A config without a fault."""
    return Config(
        dict(
            model=model_cfg(),
            train_dataloader=dict(
                batch_size=2,
                sampler=dict(type='PairedSampler'),
                dataset=paired_cfg(streets)),
            val_dataloader=dict(
                batch_size=1,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=streets_cfg(streets, split='val')),
            custom_hooks=[
                dict(type='EmptyCacheHook'),
                dict(type='FSTHook', depth=2, decay=.9)
            ]))


def message_of(cfg, error=ValueError):
    with pytest.raises(error) as caught:
        check_config(cfg)
    return str(caught.value)


def test_a_config_without_fault_passes_and_is_not_changed(cfg):
    before = copy.deepcopy(cfg.to_dict())
    check_config(cfg)
    assert cfg.to_dict() == before


@pytest.mark.parametrize('key, where, hint', [
    ('custom_hooks.1.depht', 'custom_hooks[1].depht', "'depth'"),
    ('custom_hooks.1.momentun', 'custom_hooks[1].momentun', 'decay'),
    ('model.predict', 'model.predict', "'predict_with'"),
    ('model.mixer.per_imag', 'model.mixer.per_imag', "'per_image'"),
    ('train_dataloader.sampler.shufle', 'train_dataloader.sampler.shufle',
     "'shuffle'"),
    ('train_dataloader.dataset.labled', 'train_dataloader.dataset.labled',
     "'labeled'"),
])
def test_an_unknown_key_is_named_with_its_place(cfg, key, where, hint):
    cfg.merge_from_dict({key: 1})
    message = message_of(cfg)
    assert message.startswith(where + ':')
    assert hint in message


def test_a_class_named_with_its_scope_is_checked_too(cfg):
    cfg.custom_hooks[1] = dict(type='mmseg_fst.FSTHook', depht=2)
    assert 'depht' in message_of(cfg)


def test_a_class_instead_of_its_name_is_checked_too(cfg):
    from mmseg_fst.engine import FSTHook
    cfg = cfg.to_dict()
    cfg['custom_hooks'][1] = dict(type=FSTHook, depht=2)
    assert 'depht' in message_of(Config(cfg))


def test_keys_that_runner_and_registry_take_are_known(cfg):
    """mmengine takes `priority` out of a hook's config, `_scope_` of any."""
    cfg.custom_hooks[1].update(priority='LOW', _scope_='mmseg_fst')
    check_config(cfg)


@pytest.mark.parametrize('change', [
    dict(optim_wrapper=dict(
        type='AutocastOptimWrapper', constructor='PerStudentConstructor',
        optimizer=dict(type='SGD', lr=.1), paramwise_cfg=dict(),
        students=dict(a=dict(
            type='AutocastOptimWrapper', paramwise_cfg=dict(_delete_=True),
            optimizer=dict(_delete_=True, type='AdamW'))))),
    dict(optim_wrapper=dict(
        type='mmseg_fst.AutocastOptimWrapper', _scope_='mmseg_fst',
        constructor='FewGroupsConstructor', accumulative_counts=2,
        clip_grad=dict(max_norm=1), optimizer=dict(type='SGD', lr=.1))),
    dict(default_hooks=dict(checkpoint=dict(
        type='AtomicCheckpointHook', priority='VERY_LOW', interval=2))),
    dict(model=dict(segmentor=dict(backbone=dict(init_cfg=dict(
        type='DCTPretrained', checkpoint='https://a.b/c.pth',
        override=dict(name='stem')))))),
    dict(val_cfg=dict(type='NetworksValLoop', fp16=True)),
    dict(val_evaluator=[dict(type='ConfusionIoUMetric', prefix='a')]),
    dict(visualizer=dict(type='SegLocalVisualizer', vis_backends=[]))], ids=[
        'students', 'optimizer', 'priority', 'override', 'loop', 'evaluator',
        'visualizer'])
def test_keys_that_are_taken_out_before_building_are_known(cfg, change):
    cfg.merge_from_dict(change)
    check_config(cfg)


@pytest.mark.parametrize('place, key', [
    ('model', 'priority'), ('optim_wrapper', 'convert_to_iter_based'),
    ('custom_hooks.1', 'constructor'),
    ('train_dataloader.sampler', 'priority')])
def test_keys_that_are_taken_out_elsewhere_are_not_known(cfg, place, key):
    cfg.optim_wrapper = dict(
        type='AutocastOptimWrapper', optimizer=dict(type='SGD', lr=.1))
    cfg.merge_from_dict({f'{place}.{key}': 1})
    assert f'has no argument {key!r}' in message_of(cfg)


def test_a_delete_without_a_base_is_named(cfg):
    cfg.custom_hooks[1]['_delete_'] = True
    message = message_of(cfg)
    assert message.startswith('custom_hooks[1]._delete_: there is nothing')
    assert 'Take _delete_ out' in message


@pytest.mark.parametrize('place', ['labeled', 'unlabeled'])
@pytest.mark.parametrize('prefix', ['img_path', 'seg_map_path'])
def test_a_missing_folder_is_named_with_its_place(cfg, place, prefix):
    side = cfg.train_dataloader.dataset.sides[place]
    side.data_prefix[prefix] = 'no/such/folder'
    message = message_of(cfg, FileNotFoundError)
    assert message.startswith(f'train_dataloader.dataset.sides.{place}:')
    assert f'{side.data_root}/no/such/folder' in message


def test_a_missing_list_of_images_is_named(cfg):
    cfg.val_dataloader.dataset.ann_file = 'splits/none.txt'
    message = message_of(cfg, FileNotFoundError)
    assert message.startswith('val_dataloader.dataset.ann_file:')
    assert 'splits/none.txt' in message


@pytest.mark.parametrize('root, hint', [
    ('data/streets/rendered', 'tools/make_streets.py'),
    ('/elsewhere/camvid', 'dataset_converters/camvid.py'),
    ('data/streetgen', 'streetgen/generate.py'),
    ('data/gta', 'from_games into data/gta, then run: python '
     'tools/dataset_converters/gta.py data/gta'),
    ('data/synthia', 'dataset_converters/synthia.py'),
    ('data/cityscapes', 'dataset_converters/cityscapes.py'),
    ('data/mapillary', 'dataset_converters/mapillary.py'),
    ('data/acdc', 'dataset_converters/acdc.py'),
    ('data/dark_zurich', 'Dark_Zurich_val_anon.zip of'),
    ('data/bdd100k', 'into data/bdd100k.'),
    ('data/mine', 'Correct the config'),
])
def test_known_data_come_with_a_hint(cfg, monkeypatch, tmp_path, root, hint):
    monkeypatch.chdir(tmp_path)
    cfg.train_dataloader.dataset.sides.labeled.data_root = root
    assert hint in message_of(cfg, FileNotFoundError)


def test_missing_weights_are_named(cfg):
    path = '/no/such/checkpoints/mit_b5.pth'
    cfg.model.segmentor.backbone['init_cfg'] = dict(
        type='Pretrained', checkpoint=path)
    message = message_of(cfg, FileNotFoundError)
    assert message.startswith(
        'model.segmentor.backbone.init_cfg.checkpoint:')
    assert path in message
    assert message.endswith('sh tools/download_checkpoints.sh mit_b5')


def test_weights_for_dct_maps_or_those_in_their_place(cfg, tmp_path):
    paths = [str(tmp_path / 'checkpoints' / name)
             for name in ('resnet50_dct.pth', 'resnet50_v1c.pth')]
    cfg.model.segmentor.backbone['init_cfg'] = dict(
        type='DCTPretrained', checkpoint=paths[0], fallback=paths[1])
    message = message_of(cfg, FileNotFoundError)
    for path in paths:
        assert path in message
    assert 'download_checkpoints.sh resnet50_dct In its place' in message
    assert message.endswith('download_checkpoints.sh resnet50_v1c')
    for path in paths[::-1]:
        (tmp_path / 'checkpoints').mkdir(exist_ok=True)
        open(path, 'w').close()
        check_config(cfg)


def test_weights_on_disk_or_on_the_net_pass(cfg, tmp_path):
    backbone = cfg.model.segmentor.backbone
    (tmp_path / 'a.pth').touch()
    for path in (str(tmp_path / 'a.pth'), 'torchvision://resnet18',
                 'https://example.org/a.pth'):
        backbone['init_cfg'] = dict(type='Pretrained', checkpoint=path)
        check_config(cfg)


def test_weights_of_a_part_that_the_model_leaves_out_may_be_missing(cfg):
    cfg.second = dict(cfg.model.segmentor, init_cfg=dict(
        type='Pretrained', checkpoint='no/such.pth'))
    check_config(cfg)
    cfg.model.segmentor = cfg.second
    assert message_of(cfg, FileNotFoundError).startswith(
        'model.segmentor.init_cfg.checkpoint: there is no file no/such.pth')


def test_faults_in_lists_of_dicts_are_found(cfg):
    cfg.model.segmentor.auxiliary_head = [
        dict(
            type='FCNHead',
            init_cfg=dict(type='Pretrained', checkpoint='no/such.pth'))
    ]
    assert 'auxiliary_head[0].init_cfg' in message_of(cfg, FileNotFoundError)


@pytest.mark.parametrize('key, value, hint', [
    ('custom_hooks.1.type', 'FSTHok', "'FSTHook'"),
    ('model.segmentor.decode_head.type', 'FCNHaed', "'FCNHead'"),
    ('train_dataloader.dataset.sides.unlabeled.pipeline.0.type',
     'LoadWholeImages',
     "'LoadWholeImage'"),
])
def test_a_type_that_is_not_there_is_named(cfg, key, value, hint):
    cfg.merge_from_dict({key: value})
    message = message_of(cfg)
    assert value in message and f'Did you mean {hint}' in message


@pytest.mark.parametrize('value', [0, -1, 2.5, '40k', True])
def test_a_number_of_images_is_a_whole_one(cfg, value):
    cfg.train_dataloader.batch_size = value
    assert message_of(cfg).startswith(
        'train_dataloader.batch_size must be a positive integer')


@pytest.mark.parametrize('head', ['decode_head', 'auxiliary_head'])
def test_heads_have_as_many_classes_as_the_data(cfg, head):
    cfg.model.segmentor[head].num_classes = 19
    message = message_of(cfg)
    assert message.startswith(f'model.segmentor.{head}.num_classes=19')
    assert 'Set it to 11' in message


@pytest.mark.parametrize('change, expected', [
    (dict(pseudo_labeler=dict(ignore_top=15, ignore_bottom=120)),
     'model = dict(pseudo_labeler=dict(ignore_top=0, ignore_bottom=0)).'),
    (dict(regularizer=dict(type='FeatureDistance')),
     'model = dict(regularizer=dict(classes=(IDS, )), or'),
    (dict(regularizer=dict(type='FeatureDistance', classes=(1, 11))),
     '0 to 10'),
])
def test_values_of_cityscapes_are_refused_on_other_data(cfg, change,
                                                        expected):
    cfg.merge_from_dict(dict(model=change))
    message = message_of(cfg)
    assert 'belong to Cityscapes' in message and expected in message


def test_rows_and_things_of_other_data_are_accepted(cfg):
    cfg.merge_from_dict(dict(model=dict(
        pseudo_labeler=dict(ignore_top=3, ignore_bottom=4),
        regularizer=dict(type='FeatureDistance', classes=(1, 10)))))
    check_config(cfg)


def test_classes_of_the_config_come_before_those_of_the_class(cfg):
    classes = [f'{index}' for index in range(7)]
    for side in (cfg.train_dataloader.dataset.sides.labeled,
                 cfg.val_dataloader.dataset):
        side.metainfo = dict(classes=classes)
    assert 'Set it to 7' in message_of(cfg)


def test_a_missing_start_names_the_checkpoints_that_are_there(tmp_path):
    (tmp_path / 'iter_40.pth').touch()
    with pytest.raises(
            FileNotFoundError, match='no checkpoint .*iter_900.pth. There '
            'is: .*iter_40.pth. Train'):
        check_config(Config(dict(load_from=str(tmp_path / 'iter_900.pth'))))


@pytest.mark.parametrize('name, loop, refused', [
    ('mIoU', 'NetworksValLoop', True), ('mIoU', 'ValLoop', False),
    ('student/mIoU', 'NetworksValLoop', False),
    ('auto', 'NetworksValLoop', False), (None, 'NetworksValLoop', False)])
def test_the_best_score_names_a_network(cfg, name, loop, refused):
    cfg.merge_from_dict({
        'default_hooks.checkpoint.save_best': name, 'val_cfg.type': loop})
    if refused:
        assert "'student/mIoU'" in message_of(cfg)
    else:
        check_config(cfg)
