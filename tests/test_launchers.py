"""The command lines of the README on tiny data."""
import json
import os
import re
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import PYTHON, REPOSITORY, make_streets
from mmengine.config import Config
from PIL import Image

from mmseg_fst.datasets import StreetsDataset
from mmseg_fst.utils.files import count_pixels, save_class_stats

DEMO = 'configs/demo/streets_fst.py'
# The smallest batch that batch normalization allows.
SMALL = ['--cfg-options', 'train_dataloader.batch_size=2']
WIDTH, HEIGHT = 256, 128


@pytest.fixture(scope='module')
def workspace(tmp_path_factory):
    """Tiny data, and an environment that installs nothing.

    The launchers find a Python that calls the Python of the tests, and a file
    that marks the requirements as installed.
    """
    root = tmp_path_factory.mktemp('launchers')
    make_streets(root / 'data', train=4, val=3, size=(HEIGHT, WIDTH))
    venv = root / 'venv'
    (venv / 'bin').mkdir(parents=True)
    python = venv / 'bin' / 'python'
    python.write_text(f'#!/bin/sh\nexec "{PYTHON}" "$@"\n')
    python.chmod(0o755)
    (venv / 'installed.txt').write_text(
        ''.join((REPOSITORY / name).read_text() for name in (
            'requirements.txt', 'setup.py', 'pyproject.toml')))
    env = dict(
        os.environ,
        STREETS_ROOT=str(root / 'data'),
        VENV=str(venv),
        OMP_NUM_THREADS='1',
        # The package may not be installed in the environment of the tests.
        PYTHONPATH=str(REPOSITORY),
        PIP_NO_INDEX='1')
    return SimpleNamespace(root=root, env=env)


def start(workspace, *command, **env):
    """Run a command in the repository; return its status and output."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=REPOSITORY,
        env={**workspace.env, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300)
    return done.returncode, done.stdout


def end_of(output):
    """Return the end of the output, to show for a failed run."""
    return '\n'.join(output.splitlines()[-30:])


def printed_by_training(output):
    """Return the last mIoU of each network, as printed after training."""
    return dict(
        re.findall(r'^ *(student|teacher): last mIoU ([\d.]+)', output,
                   re.MULTILINE))


def printed_by_test(output):
    """Return the mIoU of each network, as printed after a test."""
    return dict(
        re.findall(r'^(student|teacher)/mIoU: ([\d.]+)', output,
                   re.MULTILINE))


@pytest.fixture(scope='module')
def run(workspace):
    """Train FST for a few iterations with ``run_experiments.py``."""
    folder = workspace.root / 'work' / 'fst'
    code, output = start(workspace, PYTHON, 'run_experiments.py', '--config',
                         DEMO, '--debug', '--seed', 3, '--work-dir', folder,
                         *SMALL)
    assert code == 0, end_of(output)
    return SimpleNamespace(folder=folder, output=output)


@pytest.mark.slow
def test_training_prints_scores_and_the_folder(run):
    scores = printed_by_training(run.output)
    assert set(scores) == {'student', 'teacher'}
    assert f'sh test.sh {run.folder}' in run.output
    # A table of classes for each network and validation.
    assert len(re.findall(r'^\| +vegetation ', run.output, re.M)) == 2 * 2
    # Nor can 4 iterations teach every class.
    assert re.search(r'last mIoU [\d.]+ \(IoU 0\.0: ', run.output)
    assert 'Warning: This run has not learned ' in run.output
    assert 'Installing' not in run.output


@pytest.mark.slow
def test_results_contain_each_validation(run):
    results = json.loads((run.folder / 'results.json').read_text())
    assert results['seed'] == 3 and results['max_iters'] == 4
    assert set(results['iterations']) == {'2', '4'}
    last = results['iterations']['4']
    for name, score in printed_by_training(run.output).items():
        assert f'{last[f"{name}/mIoU"]:.2f}' == score


@pytest.mark.slow
def test_training_writes_checkpoints_and_images(run):
    assert (run.folder / 'iter_4.pth').is_file()
    assert len(list(run.folder.glob('best_student_mIoU_iter_*.pth'))) == 1
    images = list(run.folder.glob('*/vis_data/mixed/iter_*.png'))
    assert {path.name for path in images} == {
        f'iter_{i:06d}.png' for i in range(1, 5)
    }
    # Eight columns of two crops, with a title and a border.
    height, width = Config.fromfile(str(REPOSITORY / DEMO)).crop_size
    size = Image.open(images[0]).size
    assert size[0] == 8 * (width + 2)
    assert 2 * height < size[1] < 2 * height + 40


@pytest.mark.slow
def test_test_reproduces_the_scores_of_the_training(workspace, run):
    code, output = start(workspace, 'sh', 'test.sh', run.folder, '--last')
    assert code == 0, end_of(output)
    scores = printed_by_test(output)
    assert scores == printed_by_training(run.output)
    assert len(scores) == 2 and 'Installing' not in output
    # config.json is read, since config.py would be executed.
    assert f'Config:     {run.folder / "config.json"}\n' in output
    assert 'is run' not in output
    protocol = 'whole image at the size of the test pipeline'
    assert f'Protocol: {protocol}\n' in output
    assert f'Protocol: {protocol}\n' in run.output
    assert output.count('vegetation') == 2
    saved = json.loads((run.folder / 'test' / 'test.json').read_text())
    assert saved['checkpoint'].endswith('iter_4.pth')
    assert saved['protocol'] == protocol
    assert f'{saved["metrics"]["student/mIoU"]:.2f}' == scores['student']

    images = list((run.folder / 'test' / 'pictures').glob('*.png'))
    assert len(images) == 3
    panel = np.asarray(Image.open(sorted(images)[0]))
    # Image, label, student and teacher, each with its errors.
    assert panel.shape[1] == 6 * (WIDTH + 2)
    assert HEIGHT < panel.shape[0] < HEIGHT + 40
    photo = workspace.root / 'data' / 'camera' / 'leftImg8bit' / 'val'
    photo = np.asarray(Image.open(photo / 'val_000_leftImg8bit.jpg'))
    shown = panel[-1 - HEIGHT:-1, 1:1 + WIDTH]
    assert abs(shown.astype(int) - photo).max() <= 3


@pytest.mark.slow
def test_tools_use_the_best_checkpoint_and_limit_the_images(workspace, run):
    shown = workspace.root / 'shown'
    code, output = start(workspace, PYTHON, 'tools/test.py', run.folder,
                         '--max-images', 1, '--show-dir', shown)
    assert code == 0, end_of(output)
    assert re.search(r'Checkpoint: \S*best_student_mIoU_iter_\d\.pth', output)
    assert len(list(shown.iterdir())) == 1
    results = json.loads((run.folder / 'results.json').read_text())
    best = max(scores['student/mIoU']
               for scores in results['iterations'].values())
    assert printed_by_test(output)['student'] == f'{best:.2f}'


@pytest.mark.slow
def test_a_run_can_be_scored_with_another_protocol(workspace, run):
    shown = workspace.root / 'canvas'
    file = workspace.root / 'canvas160.py'
    file.write_text("protocol = dict(type='Canvas', size=160)\n")
    code, output = start(workspace, PYTHON, 'tools/test.py', run.folder,
                         '--protocol', file, '--show-dir', shown)
    assert code == 0, end_of(output)
    protocol = '160 x 160 canvas, padding scored as class 0 (released)'
    assert f'Protocol: {protocol}\n' in output
    saved = json.loads((run.folder / 'test' / 'test.json').read_text())
    assert saved['protocol'] == protocol
    panel = Image.open(sorted(shown.iterdir())[0])
    assert panel.size[0] == 6 * (160 + 2)


@pytest.mark.slow
def test_train_sh_trains_and_resumes(workspace):
    """The config is not a demo config, so no data are generated."""
    config = workspace.root / 'mine.py'
    config.write_text(f'_base_ = {str(REPOSITORY / DEMO)!r}\n')
    folder = workspace.root / 'work' / 'mine'
    command = ('sh', 'train.sh', config, '--debug', '--work-dir', folder,
               *SMALL)
    code, output = start(workspace, *command, 'train_cfg.max_iters=2')
    assert code == 0, end_of(output)
    assert 'Installing' not in output and 'Creating' not in output
    assert set(printed_by_training(output)) == {'student', 'teacher'}
    code, output = start(workspace, *command, '--resume')
    assert code == 0, end_of(output)
    results = json.loads((folder / 'results.json').read_text())
    assert set(results['iterations']) == {'2', '4'}


@pytest.mark.slow
def test_the_configs_of_the_first_run_are_compared(workspace, tmp_path):
    """The configs of `sh train.sh`, as debug runs on tiny data."""
    data = make_streets(tmp_path / 'data', train=4, val=3,
                        size=(HEIGHT, WIDTH))
    labels = data / 'rendered' / 'gtFine' / 'train'
    save_class_stats(
        str(data / 'rendered' / 'class_stats_train.json'),
        StreetsDataset.METAINFO['classes'], {
            path.name.replace('gtFine_labelTrainIds.png', 'leftImg8bit'):
                count_pixels(np.asarray(Image.open(path)), 11)
            for path in labels.iterdir()
        })
    configs = [REPOSITORY / f'configs/demo/first_{name}.py'
               for name in ('source-only', 'fst')]
    page = tmp_path / 'report.html'
    code, output = start(
        workspace, 'env', '-C', tmp_path, PYTHON,
        REPOSITORY / 'run_experiments.py', '--config', *configs, '--debug',
        '--report', page, *SMALL, STREETS_ROOT=str(data))
    assert code == 0, end_of(output)
    # The second stage starts from the debug run of the first.
    second = tmp_path / 'work_dirs/demo/first_fst/debug/config.json'
    assert json.loads(second.read_text())['load_from'].startswith(
        'work_dirs/demo/first_source-only/debug/')
    rows = re.findall(r'^\| (road|mIoU) \|(.*)\|$', output, re.MULTILINE)
    for _, cells in rows[-2:]:
        baseline, *others = cells.split('|')
        assert '(' not in baseline and len(others) == 2
        for cell in others:
            value, change = map(
                float, re.fullmatch(r' ([\d.]+).* \((.*)\) ', cell).groups())
            assert change == pytest.approx(value - float(baseline), abs=0.11)
    assert f'Written: {page}' in output
    assert 'first_source-only' in page.read_text()


@pytest.mark.slow
def test_each_seed_has_a_separate_folder_and_logs(workspace):
    code, output = start(
        workspace, 'env', '-C', workspace.root, PYTHON,
        REPOSITORY / 'run_experiments.py', '--config', REPOSITORY / DEMO,
        '--seed', 1, 2, *SMALL, 'train_cfg.max_iters=1',
        'train_cfg.val_interval=1', 'default_hooks.logger.interval=1')
    assert code == 0, end_of(output)
    for seed in 1, 2:
        run = workspace.root / 'work_dirs/demo/streets_fst' / f'seed_{seed}'
        results = json.loads((run / 'results.json').read_text())
        assert results['seed'] == seed
        logs, = run.glob('*/vis_data')
        scalars = [
            json.loads(line)
            for line in (logs / 'scalars.json').read_text().splitlines()
        ]
        assert any('loss' in entry for entry in scalars), scalars
        scores, = (entry for entry in scalars if 'student/mIoU' in entry)
        assert scores['student/mIoU'] == pytest.approx(
            results['iterations']['1']['student/mIoU'])
        assert list(logs.glob('mixed/*.png'))
        assert Config.fromfile(logs / 'config.py').randomness.seed == seed


@pytest.mark.slow
def test_tools_train_writes_results(workspace):
    folder = workspace.root / 'work' / 'source-only'
    code, output = start(
        workspace, PYTHON, 'tools/train.py',
        'configs/demo/streets_source-only.py', '--work-dir', folder, *SMALL,
        'train_cfg.max_iters=1', 'train_cfg.val_interval=1',
        'train_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False',
        'val_dataloader.num_workers=0',
        'val_dataloader.persistent_workers=False')
    assert code == 0, end_of(output)
    assert set(printed_by_training(output)) == {'student'}
    assert (folder / 'results.json').is_file()


def refused(workspace, *command, **env):
    """Return the message of a command that must fail without traceback."""
    code, output = start(workspace, *command, **env)
    assert code != 0, end_of(output)
    assert 'Traceback' not in output, end_of(output)
    return output.strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize('launcher', [
    ['run_experiments.py', '--config'],
    pytest.param(['tools/train.py'], marks=pytest.mark.full)])
def test_missing_data_are_named(workspace, launcher):
    message = refused(
        workspace, PYTHON, *launcher, DEMO, STREETS_ROOT='/no/such/streets')
    assert message.startswith('FileNotFoundError: ')
    assert '/no/such/streets/rendered/leftImg8bit/train' in message
    assert 'tools/make_streets.py' in message


@pytest.mark.full  # also in test_bad_inputs, without a process
def test_an_unknown_key_is_named(workspace):
    message = refused(workspace, PYTHON, 'run_experiments.py', '--config',
                      DEMO, '--cfg-options', 'custom_hooks.0.depht=2')
    assert message.startswith('ValueError: custom_hooks[0].depht')
    assert "Did you mean 'depth'?" in message


@pytest.mark.slow
def test_a_missing_config_is_named(workspace):
    message = refused(workspace, 'sh', 'train.sh', 'configs/demo/none.py')
    assert 'configs/demo/none.py' in message


@pytest.mark.slow
def test_a_folder_without_checkpoint_is_named(workspace):
    folder = workspace.root / 'empty'
    folder.mkdir()
    message = refused(workspace, 'sh', 'test.sh', folder)
    assert f'no checkpoint in {folder}' in message


@pytest.mark.full  # also in test_bad_inputs, without a process
def test_a_folder_that_does_not_exist_is_named(workspace):
    message = refused(workspace, 'sh', 'test.sh', '/no/such/run')
    assert '/no/such/run' in message
    assert 'no checkpoint' in message or 'no folder' in message


@pytest.mark.slow
def test_a_checkpoint_of_the_release_is_scored_by_test_sh(workspace, run):
    """A checkpoint of a run is renamed as in the release and converted."""
    weights = torch.load(
        run.folder / 'iter_4.pth', weights_only=False)['state_dict']
    names = dict(student='model', teacher='ema_model')
    renamed = {
        '.'.join([names[owner], *rest]): tensor
        for (owner, *rest), tensor in ((name.split('.'), tensor)
                                       for name, tensor in weights.items())
    }
    source, out = workspace.root / 'latest.pth', workspace.root / 'released'
    torch.save(dict(meta=dict(iter=4), state_dict=renamed), source)
    code, output = start(
        workspace, PYTHON, 'tools/model_converters/release_to_mmseg_fst.py',
        source, out, '--config', DEMO)
    assert code == 0, end_of(output)
    code, output = start(workspace, 'sh', 'test.sh', out, '--max-images', 0)
    assert code == 0, end_of(output)
    assert printed_by_test(output) == printed_by_training(run.output)


class Attack:
    """An object that creates a file when it is unpickled."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return open, (str(self.victim), 'w')


@pytest.mark.slow
@pytest.mark.parametrize('trusted', [False, True])
def test_initial_weights_run_code_only_if_trusted(workspace, trusted):
    victim, poison = workspace.root / 'victim', workspace.root / 'poison.pth'
    torch.save(dict(state_dict={}, extra=Attack(victim)), poison)
    command = [
        PYTHON, 'run_experiments.py', '--config', DEMO, '--debug',
        '--work-dir', workspace.root / 'poisoned', *SMALL,
        f'load_from={poison}'
    ]
    if trusted:
        message = refused(workspace, *command, '--trust')
        assert 'do not fit: 0 of' in message  # it is read, but empty
    else:
        message = refused(workspace, *command)
        assert str(poison) in message and '--trust' in message
    assert victim.exists() == trusted


def test_a_failed_installation_reports_its_requirements(workspace, tmp_path):
    python = tmp_path / 'bin' / 'python'
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "No space left" >&2\nexit 1\n')
    python.chmod(0o755)
    code, output = start(workspace, 'sh', 'train.sh', VENV=str(tmp_path))
    assert code == 1
    assert re.search(
        r'^No space left\nThe installation failed.* 6 GB .*'
        rf'free in {tmp_path}: \d\S*\. Run the same command again',
        output, re.MULTILINE), output
    # The next start installs again.
    assert not (tmp_path / 'installed.txt').exists()


def test_test_sh_without_a_folder_prints_its_usage(workspace):
    code, output = start(workspace, 'sh', 'test.sh')
    assert code == 2 and 'Usage: sh test.sh' in output


@pytest.mark.slow
def test_a_grid_continues_after_a_failure_and_skips_finished_runs(workspace):
    folder = workspace.root / 'grid'
    folder.mkdir()
    base = f'_base_ = {str(REPOSITORY / DEMO)!r}\n'
    (folder / 'good.py').write_text(base)
    (folder / 'bad.py').write_text(f"{base}load_from = '/no/such.pth'\n")
    # Detected only after the run has started.
    (folder / 'worse.py').write_text(
        f"{base}custom_hooks = [dict(type='FSTHook', depth=-1)]\n")
    (folder / 'table_x.py').write_text(
        "title = 'X'\nconfigs = ['bad.py', 'worse.py', 'good.py']\n")
    command = [
        'env', '-C', folder, PYTHON, REPOSITORY / 'run_experiments.py',
        '--grid', 'table_x.py', '--seeds', 1, *SMALL,
        'train_cfg.max_iters=2', 'train_cfg.val_interval=2'
    ]
    code, output = start(workspace, *command)
    assert code == 1, end_of(output)
    for text in ('run 1 of 3: bad, seed 1: cannot begin. FileNotFoundError',
                 'run 3 of 3: good, seed 1: new; 1 to go, about 0:0',
                 'Failed: worse, seed 1', '2 of 3 runs failed.'):
        assert text in output, end_of(output)
    table = folder / 'work_dirs' / 'tables' / 'x.md'
    assert '| good | 2 | 1 |' in table.read_text()
    assert table.with_suffix('.csv').is_file()
    (folder / 'table_x.py').write_text("title = 'X'\nconfigs = ['good.py']")
    code, output = start(workspace, *command)
    assert code == 0, end_of(output)
    assert 'run 1 of 1: good, seed 1: is finished, skipped' in output


def test_two_runs_cannot_share_a_folder(workspace):
    message = refused(workspace, PYTHON, 'run_experiments.py', '--config',
                      DEMO, '--seed', 0, 1, '--work-dir', workspace.root / 'x')
    assert '--work-dir is for one config and one seed' in message
