"""Tests of reading a config for a run, and of building its runner."""
import os

import pytest
import torch
from helpers import REPOSITORY, network_cfg
from mmengine.config import Config

from mmseg_fst.apis import (
    build_runner,
    find_config,
    load_config,
    open_config,
    read_config,
    start_training,
    train,
)
from mmseg_fst.engine import FiniteGuardHook
from mmseg_fst.models.dilated import SpaceToBatchConv2d
from mmseg_fst.run import launch, run_config, train_once
from mmseg_fst.run import train as train_module
from mmseg_fst.run.launch import explain_lost_process
from mmseg_fst.run.train_once import leave_config
from mmseg_fst.utils.checks import LostProcess
from mmseg_fst.utils.files import save_json


@pytest.fixture
def config(tmp_path):
    """A config that starts where another run ended."""
    checkpoint = tmp_path / 'seed_3' / 'iter_1.pth'
    checkpoint.parent.mkdir()
    checkpoint.touch()
    path = tmp_path / 'adapt.py'
    path.write_text(f"load_from = '{tmp_path}/{{run}}/iter_1.pth'\n")
    return path


def test_load_from_follows_the_seed(config, tmp_path):
    cfg = load_config(str(config), seed=3)
    assert cfg.load_from == str(tmp_path / 'seed_3' / 'iter_1.pth')


def test_load_from_follows_the_split(config, tmp_path, monkeypatch):
    monkeypatch.setenv('SPLIT_SEED', '2')
    config.write_text("split = '{{$SPLIT_SEED:0}}'\n" + config.read_text())
    (tmp_path / 'seed_3').rename(tmp_path / 'seed_3_split-2')
    cfg = load_config(str(config), seed=3)
    assert cfg.load_from == str(tmp_path / 'seed_3_split-2' / 'iter_1.pth')


def test_a_run_may_start_from_the_best_checkpoint_of_a_folder(
        config, tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr(run_config, 'print_log',
                        lambda text, *_: logged.append(text))
    config.write_text(f"load_from = '{tmp_path}/{{run}}'\n")
    best = tmp_path / 'seed_3' / 'best_student_mIoU_iter_1.pth'
    best.touch()
    (tmp_path / 'seed_3' / 'iter_9.pth').touch()
    assert load_config(str(config), seed=3).load_from == str(best)
    assert not logged
    save_json(str(tmp_path / 'seed_3' / 'results.json'),
              dict(max_iters=4, iterations={'1': {}}))
    assert load_config(str(config), seed=3).load_from == str(best)
    assert 'is not finished; its best' in logged[0]
    with pytest.raises(FileNotFoundError, match='seed_4. Train that run'):
        load_config(str(config), seed=4)
    (tmp_path / 'seed_4').mkdir()
    with pytest.raises(FileNotFoundError, match='no checkpoint in .*seed_4'):
        load_config(str(config), seed=4)
    planned = {str(tmp_path / 'seed_4')}
    cfg = load_config(str(config), seed=4, planned=planned)
    assert cfg.load_from == str(tmp_path / 'seed_4')


def test_a_run_that_is_not_there_is_named(config, tmp_path):
    with pytest.raises(FileNotFoundError, match='seed_4.*Train that run'):
        load_config(str(config), seed=4)


def test_a_short_run_has_short_stages(tmp_path):
    path = tmp_path / 'stages.py'
    loader = 'dict(dataset=dict())'
    path.write_text(
        "train_cfg = dict(max_iters=8, val_interval=8)\n"
        "default_hooks = dict(logger=dict(), checkpoint=dict())\n"
        f'train_dataloader = {loader}\nval_dataloader = {loader}\n'
        "stages = dict(reliable=.5, first=dict(train_cfg=dict(max_iters=8)))")
    assert load_config(str(path)).stages.first.train_cfg.max_iters == 8
    cfg = load_config(str(path), debug=True)
    assert cfg.train_cfg.max_iters == 4 and cfg.stages == dict(reliable=.5)


def test_options_win_over_what_a_short_run_sets(tmp_path):
    path = tmp_path / 'short.py'
    loader = 'dict(num_workers=4, dataset=dict())'
    path.write_text(
        "train_cfg = dict(max_iters=8, val_interval=8)\n"
        "default_hooks = dict(logger=dict(interval=50), checkpoint=dict())\n"
        f'train_dataloader = {loader}\nval_dataloader = {loader}\n'
        'test_dataloader = dict(num_workers=4)\n'
        'model = dict(warmup_iters=5)\n'
        'custom_hooks = [dict(copy_iters=5), dict(copy_iters=5)]\n')
    options = {
        'train_cfg.max_iters': 2,
        'train_dataloader': dict(num_workers=1),
        'custom_hooks.1.copy_iters': 3
    }
    cfg = load_config(str(path), options, debug=True)
    assert cfg.train_cfg == dict(max_iters=2, val_interval=2)
    assert cfg.default_hooks == dict(
        logger=dict(interval=1), checkpoint=dict(interval=2))
    assert cfg.train_dataloader == dict(
        num_workers=1, persistent_workers=False, dataset=dict())
    assert cfg.val_dataloader.dataset == dict(indices=4)
    assert cfg.test_dataloader == cfg.val_dataloader
    assert [hook.copy_iters for hook in cfg.custom_hooks] == [1, 3]
    assert cfg.model.warmup_iters == 1


SHORT = '''
train_cfg = dict(max_iters=8, val_interval=8)
default_hooks = dict(logger=dict(), checkpoint=dict())
train_dataloader = val_dataloader = dict(dataset=dict())
'''


@pytest.fixture
def logged(monkeypatch):
    texts = []
    monkeypatch.setattr(run_config, 'print_log',
                        lambda text, *_: texts.append(text))
    return texts


@pytest.mark.parametrize('path', [
    'first/{run}', 'first/{run}/iter_900.pth', 'first/seed_0/iter_900.pth'])
def test_a_short_run_starts_from_a_short_run(path, tmp_path, logged):
    config = tmp_path / 'second.py'
    config.write_text(f"{SHORT}load_from = '{tmp_path}/{path}'\n")
    folder = tmp_path / 'first/debug'
    cfg = load_config(str(config), seed=0, debug=True)
    assert cfg.load_from is None
    assert logged == [
        f'load_from: there is no debug run in {folder}, so this debug run '
        'does not start from it. To test that too, name the config of that '
        'run first in the same command.']
    folder.mkdir(parents=True)
    (folder / 'iter_4.pth').touch()
    cfg = load_config(str(config), seed=0, debug=True)
    assert cfg.load_from == str(folder / 'iter_4.pth')
    assert logged[1:] == ['load_from: this debug run starts from the debug '
                          f'run {folder}/iter_4.pth.']
    (tmp_path / 'real.pth').touch()
    cfg = load_config(str(config), dict(load_from=f'{tmp_path}/real.pth'),
                      debug=True)
    assert cfg.load_from == f'{tmp_path}/real.pth' and not logged[2:]


def test_initial_weights_of_a_short_run(tmp_path, logged):
    config = tmp_path / 'second.py'
    config.write_text(
        f"{SHORT}model = dict(students=[dict(init_cfg=dict("
        f"type='Pretrained', checkpoint='{tmp_path}/{{run}}/iter_9.pth'))])\n")
    cfg = load_config(str(config), debug=True)
    assert cfg.model.students[0].init_cfg is None
    assert logged[0].startswith('model.students.0.init_cfg: there is no debug')
    (tmp_path / 'debug').mkdir()
    (tmp_path / 'debug/iter_4.pth').touch()
    cfg = load_config(str(config), debug=True)
    assert cfg.model.students[0].init_cfg.checkpoint == (
        f'{tmp_path}/debug/iter_4.pth')


def test_options_are_merged_once(tmp_path, monkeypatch):
    path, merged = tmp_path / 'a.py', []
    path.write_text('a = 1\n')
    monkeypatch.setattr(run_config, 'merge_options',
                        lambda cfg, options: merged.append(options))
    load_config(str(path), {'a': 2})
    assert merged == [{'a': 2}]


@pytest.mark.parametrize('split, variable, folder', [
    (None, None, 'seed_3'), (None, '1', 'seed_3_split-1'),
    (2, '1', 'seed_3_split-2'), ('run', None, 'seed_3_split-3'),
    (0, '1', 'seed_3')])
def test_the_split_is_an_argument(tmp_path, monkeypatch, split, variable,
                                  folder):
    """It wins over the environment, which stays as it was."""
    if variable is None:
        monkeypatch.delenv('SPLIT_SEED', raising=False)
    else:
        monkeypatch.setenv('SPLIT_SEED', variable)
    path = tmp_path / 'a.py'
    path.write_text("split = 'train_seed{{$SPLIT_SEED:0}}.txt'\n")
    cfg = load_config(str(path), seed=3, split=split)
    parent = f'work_dirs/{tmp_path.name}/a'
    assert cfg.work_dir == f'{parent}/{folder}'
    named = folder.partition('split-')[2] or '0'
    assert cfg.split == f'train_seed{named}.txt'
    assert os.environ.get('SPLIT_SEED') == variable
    path.write_text("split = 'published.txt'\n")
    cfg = load_config(str(path), seed=3, split=split)
    assert cfg.work_dir == f'{parent}/seed_3'


def test_configs_of_one_name_have_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = 'a/fst.py', 'x/a/fst.py', 'b/fst.py', 'fst.py', 'configs/a/fst.py'
    folders = []
    for path in paths:
        tmp_path.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
        tmp_path.joinpath(path).write_text('')
        folders.append(load_config(path).work_dir)
        assert load_config(str(tmp_path / path)).work_dir == folders[-1]
    first = 'work_dirs/a/fst/seed_0'
    assert folders == [first, first, 'work_dirs/b/fst/seed_0',
                       'work_dirs/fst/seed_0', first]
    os.makedirs(first)
    leave_config(load_config(paths[0]), first)
    load_config(paths[0])
    with pytest.raises(ValueError, match='a run of a/fst.py; this run is of '
                       'x/a/fst.py, .* --work-dir'):
        load_config(paths[1])
    assert load_config(paths[1], work_dir=first).work_dir == first


@pytest.mark.parametrize('stages', [True, False])
def test_stages_are_trained_only_if_the_config_has_them(stages, monkeypatch):
    trained = []
    for name in ('train_once', 'train_stages'):
        monkeypatch.setattr(
            train_module, name,
            lambda *args, name=name: trained.append((name, *args)))
    cfg = Config(dict(stages=dict(reliable=.5)) if stages else dict())
    train(cfg, True, False)
    name = 'train_stages' if stages else 'train_once'
    assert trained == [(name, cfg, True, False)]


@pytest.mark.parametrize('launcher', [None, 'pytorch'])
def test_a_command_line_starts_what_it_has_loaded(config, tmp_path, launcher,
                                                  monkeypatch):
    trained = []
    monkeypatch.setattr(train_module, 'train',
                        lambda *args: trained.append(args))
    start_training(str(config), {'a': 1}, seed=3, work_dir=str(tmp_path),
                   launcher=launcher, resume=True)
    (cfg, resume, trust), = trained
    assert (resume, trust) == (True, False)
    assert cfg.a == 1 and cfg.randomness.seed == 3
    assert cfg.work_dir == str(tmp_path)
    assert cfg.get('launcher') == launcher
    with pytest.raises(SystemExit, match='seed_4.*Train that run'):
        start_training(str(config), seed=4)


def small_cfg(tmp_path, segmentor=None, **settings):
    """Config of a run without data."""
    return Config(
        dict(
            model=dict(
                type='Supervised',
                segmentor=segmentor or network_cfg(),
                data_preprocessor=dict(type='SelfTrainingDataPreProcessor')),
            default_scope='mmseg_fst',
            log_level='ERROR',
            work_dir=str(tmp_path),
            **settings))


@pytest.mark.parametrize('channels_last', [True, False])
def test_layout_of_the_weights(channels_last, tmp_path):
    cfg = small_cfg(tmp_path, channels_last=channels_last)
    model = build_runner(cfg).model
    kernels = [
        weight for weight in model.parameters()
        if weight.dim() == 4 and min(weight.shape[1:3]) > 1
    ]
    assert kernels
    for weight in kernels:
        assert weight.is_contiguous(
            memory_format=torch.channels_last) is channels_last


@pytest.mark.parametrize('split', [True, False, None])
def test_dilated_convolutions_are_split_on_a_cpu(split, tmp_path):
    """Unless the config says no."""
    segmentor = network_cfg()
    segmentor['decode_head'] = dict(
        type='DepthwiseSeparableASPPHead', dilations=[1, 2, 3], channels=4,
        in_channels=segmentor['decode_head']['in_channels'], in_index=-1,
        c1_in_channels=0, c1_channels=0, num_classes=3)
    settings = {} if split is None else dict(split_dilated=split)
    modules = build_runner(
        small_cfg(tmp_path, segmentor, **settings)).model.modules()
    count = sum(isinstance(entry, SpaceToBatchConv2d) for entry in modules)
    assert count == (0 if split is False else 2)


@pytest.mark.parametrize('device, used', [('cpu', None), ('cuda', 'torch')])
def test_sync_bn_is_left_out_on_cpus(device, used, tmp_path, monkeypatch):
    """PyTorch synchronizes batch normalization on GPUs alone."""
    cfg, found = small_cfg(tmp_path, sync_bn='torch'), []
    monkeypatch.setattr(launch, 'get_device', lambda: device)
    monkeypatch.setattr(launch, 'is_distributed', lambda: True)

    def from_cfg(cfg):
        found.append(cfg.sync_bn)
        raise RuntimeError

    monkeypatch.setattr(launch.ShortLogRunner, 'from_cfg', from_cfg)
    with pytest.raises(RuntimeError):
        build_runner(cfg)
    assert found == [used]


@pytest.mark.parametrize('settings, guards', [
    ({}, 1), (dict(non_finite=dict(action='skip')), 1),
    (dict(non_finite=None), 0)])
def test_steps_are_guarded_unless_the_config_says_no(settings, guards,
                                                     tmp_path):
    hooks = build_runner(small_cfg(tmp_path, **settings)).hooks
    assert sum(isinstance(entry, FiniteGuardHook) for entry in hooks) == guards


@pytest.mark.parametrize('error, lost', [
    (RuntimeError('[/pytorch/gloo/transport/tcp/pair.cc:545] Read error'), 1),
    (RuntimeError('ncclRemoteError: A call failed possibly due to'), 1),
    (torch.distributed.DistNetworkError('failed to recv'), 1),
    (RuntimeError('size mismatch'), 0), (ValueError('gloo/transport'), 0)])
def test_a_process_that_lost_the_others_says_so(error, lost, monkeypatch):
    with pytest.raises(type(error)) as raised:
        with explain_lost_process():  # a run of one has none to lose
            raise error
    assert raised.value is error
    monkeypatch.setattr(launch, 'is_distributed', lambda: True)
    with pytest.raises(LostProcess if lost else type(error)) as raised:
        with explain_lost_process():
            raise error
    assert (raised.value.__cause__ if lost else raised.value) is error
    assert ('--resume' in str(raised.value)) == lost


def test_runs_of_a_process_log_into_folders_of_their_own(tmp_path):
    folders = []
    for run in 'ab':
        cfg = small_cfg(
            tmp_path / run, experiment_name=run,
            # As MMSegmentation's configs have it.
            visualizer=dict(type='SegLocalVisualizer', name='visualizer',
                            vis_backends=[dict(type='LocalVisBackend')]))
        runner = build_runner(cfg)
        runner.visualizer.add_scalar('loss', 1., step=1)
        folders += (tmp_path / run).glob('*/vis_data/scalars.json')
    assert len(folders) == 2


@pytest.mark.parametrize('begun', [True, False])
def test_resume_starts_where_the_run_itself_ended(begun, config, tmp_path,
                                                  monkeypatch):
    """mmengine would go on from the iteration of ``load_from``."""
    recorded = {}

    class Runner:
        work_dir, val_loop = str(tmp_path), None
        cfg = Config(dict(work_dir=work_dir))

        def train(self):
            pass

        def register_hook(self, hook):
            hook.before_train(self)

    def spy(cfg, changes):
        recorded.update(resume=cfg.resume, load_from=cfg.load_from)
        return Runner()

    monkeypatch.setattr(train_once, 'build_runner', spy)
    cfg = load_config(str(config), seed=3, work_dir=str(tmp_path))
    start = cfg.load_from
    checkpoint = str(tmp_path / 'iter_2.pth')
    if begun:
        torch.save(dict(state_dict={}), checkpoint)
    train(cfg, resume=True)
    assert recorded == dict(
        resume=begun, load_from=checkpoint if begun else start)


def test_the_config_is_left_as_data_or_not_at_all(tmp_path):
    """What an earlier run has left is not that of this one."""
    leave_config(Config(dict(a=1)), str(tmp_path))
    assert open_config(find_config(str(tmp_path))).a == 1
    leave_config(Config(dict(a=Config)), str(tmp_path))
    assert not list(tmp_path.iterdir())


CELL = str(REPOSITORY / 'configs/co_training/voc-stpp_321_r50-b2_2-cps.py')


@pytest.mark.parametrize('options, iterations, labels', [
    ({}, 52400, 92),
    ({'epochs.count': 1}, 655, 92),
    ({'train_dataloader.batch_size': 8}, 26160, 92),
    ({'partition': '366'}, 51040, 366),
    ({'partition': 366}, 51040, 366),
    ({'partitions.7': dict(labeled=7, unlabeled=160), 'partition': 7}, 800, 7),
    ({'train_cfg.max_iters': 7}, 7, 92),
])
def test_a_partition_is_that_of_the_options(options, iterations, labels):
    cfg = read_config(CELL, options)
    assert cfg.train_cfg.max_iters == iterations
    dataset = cfg.train_dataloader.dataset
    assert dataset.sides.labeled.ann_file == (
        f'splits/stpp/{labels}/labeled.txt')
    assert dataset.expected.labeled == labels
    assert cfg.partition in (labels, str(labels))


@pytest.mark.parametrize('options, message', [
    ({'partition': '93'},
     "no partition '93'. Choose one of 92, 183, .* with --partition"),
    ({'partitions.92.unlabeled': 5}, '5 images do not fill'),
    ({'partitions.92.unlabeled': None}, 'images of labeled and unlabeled'),
    ({'epochs': dict(_delete_=True, count=1)}, 'lacks processes'),
])
def test_a_partition_that_says_too_little(options, message):
    with pytest.raises(ValueError, match=message):
        read_config(CELL, options)


def test_partitions_train_in_folders_of_their_names(monkeypatch):
    monkeypatch.setattr(run_config, 'check_config', lambda *_: None)
    folders = [
        load_config(CELL, seed=3, partition=partition).work_dir
        for partition in (None, '92', '183')
    ]
    stem = 'co_training/voc-stpp_321_r50-b2_2-cps'
    for folder, name in zip(folders, ('92', '92', '183')):
        assert folder.endswith(f'{stem}_{name}/seed_3')


def test_a_config_that_a_run_has_written_stays_as_it_is(tmp_path):
    """Its lists are filled in; what its options said is not undone."""
    options = {'partition': '183', 'train_cfg.max_iters': 7}
    path = tmp_path / 'written.py'
    read_config(CELL, options).dump(path)
    cfg = read_config(str(path))
    assert cfg.train_cfg.max_iters == 7
    assert cfg.train_dataloader.dataset.expected.labeled == 183
    with pytest.raises(ValueError, match='written.py has no partitions'):
        read_config(str(path), partition='92')


def test_a_config_without_partitions_refuses_one():
    demo = str(REPOSITORY / 'configs/demo/streets_fst.py')
    with pytest.raises(ValueError, match='leave --partition out'):
        read_config(demo, partition='92')


def test_a_schedule_in_epochs_needs_partitions(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(f"""
_base_ = ['{REPOSITORY}/configs/_base_/datasets/streets_256x128.py',
          '{REPOSITORY}/configs/_base_/schedules/sgd_voc_ssl.py']
""")
    with pytest.raises(ValueError, match='mine.py: the schedule counts `epo'):
        read_config(str(path))


@pytest.mark.parametrize('folder, old, new', [
    ('ssl', 'voc-662_pspnet_fst', 'voc_pspnet_fst.py --partition 662'),
    ('co_training', 'cityscapes-stpp-100_769_r50-b2_3-cps',
     'cityscapes-stpp_769_r50-b2_3-cps.py --partition 100'),
])
def test_a_config_of_one_partition_names_its_successor(folder, old, new):
    with pytest.raises(FileNotFoundError) as error:
        read_config(str(REPOSITORY / f'configs/{folder}/{old}.py'))
    assert f'--config {REPOSITORY}/configs/{folder}/{new}' in str(error.value)
    with pytest.raises(FileNotFoundError) as error:
        read_config('configs/ssl/voc-662_none.py')
    assert '--partition' not in str(error.value)


def test_a_short_run_teaches_itself(config, monkeypatch):
    monkeypatch.setattr(run_config, 'check_config', lambda *_: None)
    cfg = load_config(
        str(REPOSITORY /
            'configs/ssl/voc_deeplabv3plus_u2pl_released.py'), debug=True)
    assert cfg.model.warmup_iters == 1
    assert cfg.custom_hooks[0].copy_iters == 1


def test_teachers_follow_the_seed_and_must_be_there(tmp_path):
    path = tmp_path / 'small.py'
    path.write_text(
        f"model = dict(teachers=['{tmp_path}/{{run}}', '{tmp_path}/other'])\n"
        'train_dataloader = dict(dataset=dict())\n')
    (tmp_path / 'other').mkdir()
    with pytest.raises(FileNotFoundError, match='no run .*seed_3. Train'):
        load_config(str(path), seed=3)
    planned = {str(tmp_path / 'seed_3')}
    cfg = load_config(str(path), seed=3, planned=planned)
    assert cfg.model.teachers == [str(tmp_path / 'seed_3'),
                                  str(tmp_path / 'other')]
