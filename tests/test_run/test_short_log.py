"""The log of a run without its settings, and the summary at the start."""
from mmengine.config import Config
from mmengine.fileio import FileClient
from mmengine.optim import DefaultOptimWrapperConstructor
from mmseg.evaluation import IoUMetric
from test_engine.toy import segmentor_config
from torch import nn

from mmseg_fst.run.short_log import ShortLogRunner, start_summary


def test_settings_are_in_files_alone(tmp_path, capfd):
    cfg = Config(dict(marked_setting=1, model=segmentor_config(),
                      work_dir=str(tmp_path), default_scope='mmseg_fst'))
    ShortLogRunner.from_cfg(cfg)
    path, = tmp_path.glob('*/*.log')
    log, screen = path.read_text(), ''.join(capfd.readouterr())
    assert 'System environment' in log and 'order:' in log
    assert 'System environment' not in screen and 'order:' not in screen
    assert 'marked_setting' not in log + screen


def test_the_summary_names_what_is_trained():
    head = dict(type='FCNHead')
    cfg = Config(dict(
        config_file='a.py', work_dir='work_dirs/a',
        model=dict(type='UniMatch', segmentor=dict(
            backbone=dict(type='TIMMBackbone', model_name='b0'),
            decode_head=[dict(type='FPNHead'), head])),
        custom_hooks=[dict(type='FSTHook')],
        train_dataloader=dict(batch_size=2, dataset=dict(sides=dict(
            labeled=dict(), unlabeled=dict(), photos=None))),
        train_cfg=dict(max_iters=8, val_interval=4),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=.1)),
        randomness=dict(seed=3)))
    assert start_summary(cfg).splitlines() == [
        'Training', 'Config:   a.py',
        'Folder:   work_dirs/a (config.json: all settings)',
        'Method:   UniMatch, FSTHook',
        'Network:  TIMMBackbone b0 + FCNHead',
        'Batch:    2 labeled + 2 unlabeled',
        'Schedule: 8 iterations, validation every 4, SGD, learning rate 0.1, '
        'seed 3']


def test_the_summary_names_students():
    student = dict(backbone=dict(type='A'), decode_head=dict(type='B'))
    cfg = Config(dict(work_dir='a', config_file='a.py', model=dict(
        type='CoTraining', students=dict(a=student, b=student))))
    assert 'Network:  a: A + B; b: A + B' in start_summary(cfg)


def test_messages_that_nobody_can_act_upon_are_not_shown(tmp_path, capfd):
    """Messages of mmengine itself, and others of the same logger."""
    # Loggers have the names of experiments, which are times in seconds.
    cfg = Config(dict(model=segmentor_config(), work_dir=str(tmp_path),
                      default_scope='mmseg_fst', experiment_name='messages'))
    runner = ShortLogRunner.from_cfg(cfg)
    network = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    network[0].requires_grad_(False)
    DefaultOptimWrapperConstructor(
        dict(optimizer=dict(type='SGD', lr=1.)),
        dict(bias_lr_mult=2.))(network)
    IoUMetric()
    FileClient.infer_client(None, tmp_path)
    for text in ('0.weight is frozen', 'deprecated: an option', 'skipped'):
        runner.logger.warning(text)
    path, = tmp_path.glob('*/*.log')
    log, screen = path.read_text(), ''.join(capfd.readouterr())
    for text in ('1.bias:lr=2.0', '0.weight is skipped since its requires'):
        assert text in log and text not in screen
    for text in ('SyncBatchNorm', 'prefix is not set', '"FileClient"',
                 '"HardDiskBackend"'):
        assert text not in log + screen
    shown = [line.partition('WARNING - ')[2]
             for line in screen.splitlines() if 'WARNING' in line]
    assert shown == ['0.weight is frozen', 'deprecated: an option', 'skipped']
