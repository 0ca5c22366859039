"""Settings of a resumed run against the settings of its checkpoint."""
import json

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from test_engine.toy import ToyPairs, model_config

from mmseg_fst.apis import train
from mmseg_fst.config.config_file import save_config
from mmseg_fst.run.resumed_settings import (
    changed_settings,
    finished_note,
    settings_of,
)
from mmseg_fst.utils.checkpoint import ForeignCheckpoint, read_checkpoint


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')


def config(folder, max_iters=4, **options):
    """Config of a run of a few iterations, with a schedule."""
    cfg = Config(dict(
        model=model_config(), work_dir=str(folder), log_level='ERROR',
        default_scope='mmseg_fst', experiment_name=f'{folder}{max_iters}',
        randomness=dict(seed=0),
        train_dataloader=dict(
            batch_size=2, num_workers=0, dataset=ToyPairs(),
            sampler=dict(type='PairedSampler')),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=.01)),
        param_scheduler=[dict(type='PolyLR', power=1., begin=0, end=4,
                              by_epoch=False)],
        custom_hooks=[dict(type='MeanTeacherHook')],
        default_hooks=dict(checkpoint=dict(
            type='AtomicCheckpointHook', interval=2))))
    cfg.merge_from_dict(options)
    return cfg


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """Checkpoint after two of four iterations."""
    init_default_scope('mmseg_fst')
    folder = tmp_path_factory.mktemp('run')
    train(config(folder))
    return folder / 'iter_2.pth'


@pytest.fixture
def resume(checkpoint, tmp_path):
    """Function that resumes the checkpoint with other options.

    Returns the optimizer state and the recorded changes.
    """
    def run(**options):
        (tmp_path / 'iter_2.pth').write_bytes(checkpoint.read_bytes())
        train(config(tmp_path, **options), resume=True)
        state = read_checkpoint(str(tmp_path / 'iter_4.pth'))
        path = tmp_path / 'changed_settings.json'
        return state, (json.loads(path.read_text()) if path.is_file()
                       else None)

    return run


def groups(state):
    return [{key: group[key] for key in ('lr', 'initial_lr', 'weight_decay')}
            for group in state['optimizer']['param_groups']]


def test_the_same_settings_give_the_same_run(checkpoint, resume):
    state, changes = resume()
    whole = read_checkpoint(str(checkpoint.with_name('iter_4.pth')))
    for name, value in whole['state_dict'].items():
        assert torch.equal(value, state['state_dict'][name])
    assert groups(state) == groups(whole)
    assert changes is None


def test_changed_settings_take_effect_and_are_recorded(resume):
    state, changes = resume(**{
        'optim_wrapper.optimizer.lr': .02, 'param_scheduler.0.end': 8,
        'optim_wrapper.optimizer.weight_decay': .5})
    # One step of seven is left out by mmengine's convention for `end`.
    expected = .02 * (1 - 4 / 7)
    for group in groups(state):
        assert group['lr'] == pytest.approx(expected)
        assert group['initial_lr'] == .02 and group['weight_decay'] == .5
    assert changes == {'2': {
        'optim_wrapper.optimizer.lr': ['0.01', '0.02'],
        'optim_wrapper.optimizer.weight_decay': [None, '0.5'],
        'param_scheduler.0.end': ['4', '8']}}
    # The next start compares with what this one was trained with.
    settings = state['message_hub']['runtime_info']['settings']
    assert settings['optim_wrapper.optimizer.lr'] == '0.02'


def test_a_learning_rate_without_a_schedule_takes_effect(tmp_path):
    options = dict(param_scheduler=[])
    train(config(tmp_path, **options))
    (tmp_path / 'iter_4.pth').unlink()
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_2.pth'))
    options['optim_wrapper.optimizer.lr'] = .5
    train(config(tmp_path, **options), resume=True)
    state = read_checkpoint(str(tmp_path / 'iter_4.pth'))
    lrs = {group['lr'] for group in state['optimizer']['param_groups']}
    assert lrs == {.5}


def test_another_kind_of_schedule_takes_effect(resume):
    state, changes = resume(param_scheduler=[dict(
        type='ConstantLR', factor=.5, begin=0, end=100, by_epoch=False)])
    assert {group['lr'] for group in groups(state)} == {.005}
    assert 'param_scheduler.0.type' in changes['2']


@pytest.mark.parametrize('key, value, kind', [
    ('model.type', 'FixMatch', 'the method'),
    ('model.segmentor.decode_head.channels', 4, 'the network'),
    ('model.segmentor.backbone.depth', 50, 'the network'),
    ('model.mixer.type', 'CutMix', 'the method'),
    ('custom_hooks.0.type', 'FSTHook', 'the hooks'),
    ('model.segmentor.backbone.init_cfg.checkpoint', 'a.pth',
     'the initial weights'),
    ('optim_wrapper.optimizer.type', 'SGD', 'the optimizer'),
    ('val_dataloader.dataset.ann_file', 'a.txt', 'the data'),
    ('default_hooks.checkpoint.save_best', 'mIoU', 'the score of the best'),
    ('randomness.seed', 3, 'the seed'),
])
def test_what_cannot_change_is_refused(checkpoint, key, value, kind):
    cfg = config(checkpoint.parent, **{key: value})
    with pytest.raises(ForeignCheckpoint, match=f'cannot change {kind}.*'
                       f'{key}.*, now .*{value}'):
        changed_settings(cfg, str(checkpoint))


def test_a_refused_start_leaves_the_recorded_config(checkpoint, tmp_path):
    (tmp_path / 'iter_2.pth').write_bytes(checkpoint.read_bytes())
    (tmp_path / 'config.json').write_text('{}')
    for options in ({'randomness.seed': 3}, {
            'optim_wrapper.optimizer.weight_decay': .1,
            'optim_wrapper.paramwise_cfg': dict(norm_decay_mult=0.)}):
        with pytest.raises(ForeignCheckpoint):
            train(config(tmp_path, **options), resume=True)
        assert (tmp_path / 'config.json').read_text() == '{}'


def test_other_settings_may_change(checkpoint):
    options = {
        'model.segmentor.decode_head.dropout_ratio': .5,
        'model.segmentor.decode_head.loss_decode.loss_weight': 2.,
        'model.pseudo_labeler.threshold': .5,
        'train_dataloader.batch_size': 3, 'custom_hooks.0.decay': .5}
    changes = changed_settings(config(checkpoint.parent, **options),
                               str(checkpoint))
    assert {change.key for change in changes} == {*options}


def test_a_shorter_run_is_refused(checkpoint):
    with pytest.raises(ForeignCheckpoint, match='max_iters=1. Raise it'):
        changed_settings(config(checkpoint.parent, max_iters=1),
                         str(checkpoint))


def test_of_an_older_checkpoint_the_config_beside_it_is_read(tmp_path):
    path = str(tmp_path / 'iter_2.pth')
    torch.save(dict(state_dict={}), path)
    cfg = Config(dict(work_dir=str(tmp_path), train_cfg=dict(max_iters=2)))
    assert changed_settings(cfg, path) == []
    save_config(Config(dict(train_cfg=dict(max_iters=4))), str(tmp_path))
    change, = changed_settings(cfg, path)
    assert str(change) == 'train_cfg.max_iters: 4, now 2'


def test_batch_sizes_of_sides_are_compared_when_complete():
    sides = dict(labeled=dict(a=1), unlabeled=dict(a=1))
    cfg = Config(dict(train_dataloader=dict(
        batch_size=2, dataset=dict(sides=sides),
        sampler=dict(batch_sizes=dict(labeled=1)))))
    settings = settings_of(cfg)
    assert settings['train_dataloader.sampler.batch_sizes.unlabeled'] == '2'
    assert settings_of(cfg) == settings


def test_a_finished_run_with_other_settings_is_named(tmp_path):
    cfg = Config(dict(work_dir=str(tmp_path), train_cfg=dict(max_iters=2)))
    assert finished_note(cfg) == ''
    save_config(cfg, str(tmp_path))
    assert finished_note(cfg) == ''
    cfg.train_cfg.val_interval = 1
    assert 'train_cfg.val_interval: not set, now 1.' in finished_note(cfg)
    cfg.stages = dict(reliable=.5)
    assert finished_note(cfg) == ''
