"""Settings that nothing reads."""
import logging

import pytest
from helpers import REPOSITORY
from mmengine.config import Config

from mmseg_fst.apis import check_config, load_config, read_config
from mmseg_fst.config.effect import unread_variables
from mmseg_fst.config.known_keys import check_untyped
from mmseg_fst.run import run_config

CONFIG = '''
crop_size = (16, 16)
data_root = 'data/a'
model = dict(type='Supervised', mixer=None)
train_cfg = dict(max_iters=4)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=.1))
randomness = dict(seed=0)
train_dataloader = dict(batch_size=2, dataset=dict(
    type='StreetsDataset', data_root=data_root,
    pipeline=[dict(type='RandomCrop', crop_size=crop_size)]))
segmentor = dict(backbone=dict(init_cfg=dict(type='Pretrained')))
'''


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(CONFIG)
    return path


@pytest.mark.parametrize('option, reason, advice', [
    ('data_root', 'variable of the config', 'train_dataloader.dataset.data_r'),
    ('crop_size', 'variable of the config',
     'train_dataloader.dataset.pipeline.0.crop_size=...'),
    ('lr', 'nothing reads it', 'optim_wrapper.optimizer.lr=...'),
    ('max_iters', 'nothing reads it', 'train_cfg.max_iters=...'),
    ('seed', 'nothing reads it', 'randomness.seed=...'),
    ('optim_wraper.clip', 'nothing reads it', "'optim_wrapper'"),
    ('foo', 'nothing reads it', 'Take it out'),
    ('randomness.sed', 'there is no sed', "'seed'"),
    ('train_dataloader.batch_siz', 'there is no batch_siz', "'batch_size'"),
])
def test_an_option_without_effect_is_refused(config, option, reason, advice):
    with pytest.raises(ValueError) as error:
        read_config(str(config), {option: 1})
    message = str(error.value)
    assert f'--cfg-options {option}' in message
    assert reason in message and advice in message


def test_all_options_without_effect_are_named(config):
    with pytest.raises(ValueError, match='options lr .* --cfg-options foo'):
        read_config(str(config), dict(lr=1, foo=2))


@pytest.mark.parametrize('options', [
    {'optim_wrapper.optimizer.momentum': .9}, {'channels_last': True},
    {'train_cfg': dict(max_iters=2)}, {'env_cfg.mp_cfg.start': 'fork'},
    {'train_dataloader.dataset.pipeline.0.crop_size': (8, 8)},
    {'train_dataloader.persistent_workers': True}])
def test_an_option_that_something_reads_passes(config, options):
    read_config(str(config), options)


def test_an_option_of_a_part_changes_the_model(config):
    cfg = read_config(str(config), {'segmentor.backbone.init_cfg': None})
    assert cfg.model.segmentor.backbone.init_cfg is None
    assert 'segmentor' not in cfg


@pytest.mark.parametrize('text, unread', [
    ('crop_size = (8, 8)', {'crop_size'}),
    ('batch_size = 4\nmodel = dict(x=batch_size)', set()),
    ('batch_size = 4\nmodel = dict(x=batch_size)\nbatch_size = 2',
     {'batch_size'}),
    ('train_cfg = dict(max_iters=2)', set()),
    ('size = _base_.crop_size\nval_cfg = dict(size=size)', set()),
    ('val_cfg = dict(size={{_base_.crop_size}})', set()),
    ('_size = 4', set()), ('x = {{$SEED:0}}', set())])
def test_a_variable_that_only_the_base_has_used(config, text, unread):
    path = config.with_name('child.py')
    path.write_text(f"_base_ = ['./mine.py']\n{text}\n")
    assert unread_variables(str(path)) == {name: str(path) for name in unread}


def test_a_config_without_bases_may_have_other_variables(config):
    """Such as one that a run has written; it is not set after its use."""
    config.write_text('crop_size = 4\n')
    assert unread_variables(str(config)) == {}
    config.write_text('crop_size = 4\nmodel = crop_size\ncrop_size = 8\n')
    assert set(unread_variables(str(config))) == {'crop_size'}


def test_variables_of_bases_are_for_others(tmp_path):
    (tmp_path / '_base_').mkdir()
    (tmp_path / '_base_/a.py').write_text('hooks = 1\n')
    path = tmp_path / 'b.py'
    path.write_text("_base_ = '_base_/a.py'\n")
    assert unread_variables(str(path)) == {}


def test_a_run_warns_of_a_variable_without_effect(config, monkeypatch):
    said = []
    monkeypatch.setattr(run_config, 'print_log',
                        lambda *args: said.append(args))
    child = config.with_name('child.py')
    child.write_text("_base_ = './base.py'\ncrop_size = (8, 8)\n"
                     "train_dataloader = dict(pipeline=[dict(crop_size=1)])\n")
    config.with_name('base.py').write_text(
        'crop_size = 4\nval_cfg = dict(size=crop_size)\n')
    load_config(str(child))
    (text, _, level), = said
    assert level == logging.WARNING
    assert f'{child}: the variable crop_size has no effect' in text
    assert 'Set train_dataloader.pipeline.0.crop_size=... instead' in text


def test_configs_of_the_repository_give_no_warning():
    for path in sorted((REPOSITORY / 'configs').rglob('*.py')):
        if not {'_base_', 'own'} & set(path.parts):
            assert not unread_variables(str(path)), path


@pytest.mark.parametrize('key, hint', [
    ('randomness.sed', "'seed'"), ('env_cfg.cudnn_bench', 'cudnn_benchmark'),
    ('epochs.counts', "'count'"), ('stages.reliabel', "'reliable'"),
    ('optim_wrapper.paramwise_cfg.norm_decay', "'norm_decay_mult'"),
    ('optim_wrapper.paramwise_cfg.lr_mult', 'Known keys: custom_keys'),
    ('optim_wrapper.students.a.paramwise_cfg.bias_lr_mul',
     "'bias_lr_mult'")])
def test_an_unknown_key_of_an_untyped_dict_is_refused(key, hint):
    cfg = Config(dict())
    cfg.merge_from_dict({key: 1})
    with pytest.raises(ValueError, match=f'{key}: nothing reads') as error:
        check_config(cfg)
    assert hint in str(error.value)


def paramwise(value, **changes):
    return Config(dict(optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=1),
        paramwise_cfg=dict(custom_keys={'head.a': value}), **changes)))


def test_an_unknown_setting_of_a_parameter_is_refused():
    with pytest.raises(ValueError, match='nothing reads it') as error:
        check_config(paramwise(dict(lr_mul=10)))
    message = str(error.value)
    assert message.startswith(
        "optim_wrapper.paramwise_cfg.custom_keys['head.a'].lr_mul:")
    assert "Did you mean 'lr_mult'?" in message
    for value in (dict(lr_mult=2, decay_mult=0), dict(momentum=.5), dict()):
        check_config(paramwise(value))
    with pytest.raises(ValueError, match='betas'):  # of another optimizer
        check_config(paramwise(dict(betas=(0, 1))))


@pytest.mark.parametrize('constructor, key, refused', [
    ('FewGroupsConstructor', 'decay_rate', True),
    ('mmseg.LearningRateDecayOptimizerConstructor', 'decay_rate', False),
    ('LearningRateDecayOptimizerConstructor', 'bias_lr_mult', True),
    ('MyConstructor', 'decay_rate', False)])
def test_keys_depend_on_the_constructor(constructor, key, refused):
    cfg = Config(dict(optim_wrapper=dict(
        constructor=constructor, paramwise_cfg={key: 1})))
    if refused:
        with pytest.raises(ValueError, match=f'paramwise_cfg.{key}: nothing'):
            check_config(cfg)
    else:
        check_config(cfg)


@pytest.mark.parametrize('place', [
    'model.segmentor', 'model.students.a', 'model'])
@pytest.mark.parametrize('key, value, hint', [
    ('test_cfg.crop_sise', 8, "'crop_size'"),
    ('test_cfg.size', 8, 'Known keys: mode, crop_size, stride'),
    ('train_cfg.num_point', 8, "'num_points'")])
def test_an_unknown_key_of_a_network_is_refused(place, key, value, hint):
    cfg = Config(dict())
    cfg.merge_from_dict({f'{place}.type': 'EncoderDecoder',
                         f'{place}.test_cfg.mode': 'slide',
                         f'{place}.{key}': value})
    with pytest.raises(ValueError) as error:
        check_config(cfg)
    message = str(error.value)
    assert message.startswith(f'{place}.{key}: nothing reads it')
    assert hint in message


def test_a_network_of_the_user_may_have_other_keys():
    check_untyped(dict(model=dict(
        segmentor=dict(type='MyNetwork', test_cfg=dict(tiles=3)))))
