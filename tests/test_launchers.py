"""The command lines, as a user starts them, on tiny data."""
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

DEMO = 'configs/demo/streets_fst.py'
# Batches as small as batch normalization bears.
SMALL = ['--cfg-options', 'train_dataloader.batch_size=2']
WIDTH, HEIGHT = 256, 128


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Tiny data, and an environment that installs nothing.

    The launchers find a Python that hands on to the one of the tests, and a
    stamp that says that the requirements are there.
    """
    root = tmp_path_factory.mktemp('launchers')
    make_streets(root / 'data', train=4, val=3, size=(HEIGHT, WIDTH))
    venv = root / 'venv'
    (venv / 'bin').mkdir(parents=True)
    python = venv / 'bin' / 'python'
    python.write_text(f'#!/bin/sh\nexec "{PYTHON}" "$@"\n')
    python.chmod(0o755)
    (venv / 'installed.txt').write_text(
        (REPOSITORY / 'requirements.txt').read_text() +
        (REPOSITORY / 'setup.py').read_text())
    env = dict(
        os.environ,
        STREETS_ROOT=str(root / 'data'),
        VENV=str(venv),
        OMP_NUM_THREADS='1',
        # tools/*.py may be run without installing the package here.
        PYTHONPATH=str(REPOSITORY),
        PIP_NO_INDEX='1')
    return SimpleNamespace(root=root, env=env)


def start(place, *command, **env):
    """Run a command in the repository; its output is one text."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=REPOSITORY,
        env={**place.env, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300)
    return done.returncode, done.stdout


def end_of(output):
    """What to show of a run that failed."""
    return '\n'.join(output.splitlines()[-30:])


def printed_by_training(output):
    """Last mIoU of each network, as printed at the end of a training."""
    found = re.findall(r'^ *(student|teacher): last mIoU ([\d.]+)', output,
                       re.MULTILINE)
    return dict(found)


def printed_by_test(output):
    """mIoU of each network, as printed at the end of a test."""
    return dict(
        re.findall(r'^(student|teacher)/mIoU: ([\d.]+)', output,
                   re.MULTILINE))


@pytest.fixture(scope='module')
def run(place):
    """One short training with FST through ``run_experiments.py``."""
    folder = place.root / 'work' / 'fst'
    code, output = start(place, PYTHON, 'run_experiments.py', '--config',
                         DEMO, '--debug', '--seed', 3, '--work-dir', folder,
                         *SMALL)
    assert code == 0, end_of(output)
    return SimpleNamespace(folder=folder, output=output)


@pytest.mark.slow
def test_training_prints_scores_and_where_they_are(run):
    scores = printed_by_training(run.output)
    assert set(scores) == {'student', 'teacher'}
    assert f'sh test.sh {run.folder}' in run.output
    # The table of classes, once for each network and validation.
    assert run.output.count('vegetation') == 2 * 2
    assert 'Installing' not in run.output


@pytest.mark.slow
def test_results_hold_each_validation(run):
    results = json.loads((run.folder / 'results.json').read_text())
    assert results['seed'] == 3 and results['max_iters'] == 4
    assert set(results['iterations']) == {'2', '4'}
    last = results['iterations']['4']
    for name, score in printed_by_training(run.output).items():
        assert f'{last[f"{name}/mIoU"]:.2f}' == score


@pytest.mark.slow
def test_training_leaves_checkpoints_and_pictures(run):
    assert (run.folder / 'iter_4.pth').is_file()
    assert len(list(run.folder.glob('best_student_mIoU_iter_*.pth'))) == 1
    pictures = list(run.folder.glob('*/vis_data/mixed/iter_*.png'))
    assert {path.name for path in pictures} == {
        f'iter_{i:06d}.png' for i in range(1, 5)
    }
    # Eight columns of two crops, under a title and in a border.
    height, width = Config.fromfile(str(REPOSITORY / DEMO)).crop_size
    size = Image.open(pictures[0]).size
    assert size[0] == 8 * (width + 2)
    assert 2 * height < size[1] < 2 * height + 40


@pytest.mark.slow
def test_test_prints_the_scores_of_the_training(place, run):
    code, output = start(place, 'sh', 'test.sh', run.folder, '--last')
    assert code == 0, end_of(output)
    scores = printed_by_test(output)
    assert scores == printed_by_training(run.output)
    assert len(scores) == 2 and 'Installing' not in output
    # The config that is data; the Python beside it would be run.
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

    pictures = list((run.folder / 'test' / 'pictures').glob('*.png'))
    assert len(pictures) == 3
    panel = np.asarray(Image.open(sorted(pictures)[0]))
    # Image, label, student, teacher.
    assert panel.shape[1] == 4 * (WIDTH + 2)
    assert HEIGHT < panel.shape[0] < HEIGHT + 40
    photo = place.root / 'data' / 'camera' / 'leftImg8bit' / 'val'
    photo = np.asarray(Image.open(photo / 'val_000_leftImg8bit.jpg'))
    shown = panel[-1 - HEIGHT:-1, 1:1 + WIDTH]
    assert abs(shown.astype(int) - photo).max() <= 3


@pytest.mark.slow
def test_tools_take_the_best_checkpoint_and_fewer_pictures(place, run):
    shown = place.root / 'shown'
    code, output = start(place, PYTHON, 'tools/test.py', run.folder,
                         '--max-images', 1, '--show-dir', shown)
    assert code == 0, end_of(output)
    assert re.search(r'Checkpoint: \S*best_student_mIoU_iter_\d\.pth', output)
    assert len(list(shown.iterdir())) == 1
    results = json.loads((run.folder / 'results.json').read_text())
    best = max(one['student/mIoU'] for one in results['iterations'].values())
    assert printed_by_test(output)['student'] == f'{best:.2f}'


@pytest.mark.slow
def test_a_run_is_scored_under_another_protocol(place, run):
    shown = place.root / 'canvas'
    file = place.root / 'canvas160.py'
    file.write_text("protocol = dict(type='Canvas', size=160)\n")
    code, output = start(place, PYTHON, 'tools/test.py', run.folder,
                         '--protocol', file, '--show-dir', shown)
    assert code == 0, end_of(output)
    protocol = '160 x 160 canvas, padding scored as class 0 (released)'
    assert f'Protocol: {protocol}\n' in output
    saved = json.loads((run.folder / 'test' / 'test.json').read_text())
    assert saved['protocol'] == protocol
    panel = Image.open(sorted(shown.iterdir())[0])
    assert panel.size[0] == 4 * (160 + 2)


@pytest.mark.slow
def test_train_sh_and_resume(place):
    """A config that is not the demo's, so that no data are drawn."""
    config = place.root / 'mine.py'
    config.write_text(f'_base_ = {str(REPOSITORY / DEMO)!r}\n')
    folder = place.root / 'work' / 'mine'
    command = ('sh', 'train.sh', config, '--debug', '--work-dir', folder,
               *SMALL)
    code, output = start(place, *command, 'train_cfg.max_iters=2')
    assert code == 0, end_of(output)
    assert 'Installing' not in output and 'Making' not in output
    assert set(printed_by_training(output)) == {'student', 'teacher'}
    code, output = start(place, *command, '--resume')
    assert code == 0, end_of(output)
    results = json.loads((folder / 'results.json').read_text())
    assert set(results['iterations']) == {'2', '4'}


@pytest.mark.slow
def test_each_seed_has_its_own_folder_and_logs(place):
    code, output = start(
        place, 'env', '-C', place.root, PYTHON,
        REPOSITORY / 'run_experiments.py', '--config', REPOSITORY / DEMO,
        '--seed', 1, 2, *SMALL, 'train_cfg.max_iters=1',
        'train_cfg.val_interval=1', 'default_hooks.logger.interval=1')
    assert code == 0, end_of(output)
    for seed in 1, 2:
        run = place.root / 'work_dirs/demo/streets_fst' / f'seed_{seed}'
        results = json.loads((run / 'results.json').read_text())
        assert results['seed'] == seed
        logs, = run.glob('*/vis_data')
        scalars = [
            json.loads(line)
            for line in (logs / 'scalars.json').read_text().splitlines()
        ]
        assert any('loss' in one for one in scalars), scalars
        scored, = (one for one in scalars if 'student/mIoU' in one)
        assert scored['student/mIoU'] == pytest.approx(
            results['iterations']['1']['student/mIoU'])
        assert list(logs.glob('mixed/*.png'))
        assert Config.fromfile(logs / 'config.py').randomness.seed == seed


@pytest.mark.slow
def test_tools_train(place):
    folder = place.root / 'work' / 'source-only'
    code, output = start(
        place, PYTHON, 'tools/train.py',
        'configs/demo/streets_source-only.py', '--work-dir', folder, *SMALL,
        'train_cfg.max_iters=1', 'train_cfg.val_interval=1',
        'train_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False',
        'val_dataloader.num_workers=0',
        'val_dataloader.persistent_workers=False')
    assert code == 0, end_of(output)
    assert set(printed_by_training(output)) == {'student'}
    assert (folder / 'results.json').is_file()


def refused(place, *command, **env):
    """Output of a command that must end with one clear message."""
    code, output = start(place, *command, **env)
    assert code != 0, end_of(output)
    assert 'Traceback' not in output, end_of(output)
    return output.strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize('launcher', [
    ['run_experiments.py', '--config'], ['tools/train.py']])
def test_missing_data_are_named(place, launcher):
    message = refused(
        place, PYTHON, *launcher, DEMO, STREETS_ROOT='/no/such/streets')
    assert message.startswith('FileNotFoundError: ')
    assert '/no/such/streets/rendered/leftImg8bit/train' in message
    assert 'tools/make_streets.py' in message


@pytest.mark.slow
def test_an_unknown_key_is_named(place):
    message = refused(place, PYTHON, 'run_experiments.py', '--config', DEMO,
                      '--cfg-options', 'custom_hooks.0.depht=2')
    assert message.startswith('ValueError: custom_hooks[0].depht')
    assert "Did you mean 'depth'?" in message


@pytest.mark.slow
def test_a_missing_config_is_named(place):
    message = refused(place, 'sh', 'train.sh', 'configs/demo/none.py')
    assert 'configs/demo/none.py' in message


@pytest.mark.slow
def test_a_folder_without_checkpoint_is_named(place):
    folder = place.root / 'empty'
    folder.mkdir()
    message = refused(place, 'sh', 'test.sh', folder)
    assert f'no checkpoint in {folder}' in message


@pytest.mark.slow
def test_a_folder_that_does_not_exist_is_named(place):
    message = refused(place, 'sh', 'test.sh', '/no/such/run')
    assert '/no/such/run' in message
    assert 'no checkpoint' in message or 'no folder' in message


@pytest.mark.slow
def test_a_checkpoint_of_the_release_is_scored_by_test_sh(place, run):
    """The last checkpoint of a run, in the release's names and back."""
    weights = torch.load(
        run.folder / 'iter_4.pth', weights_only=False)['state_dict']
    names = dict(student='model', teacher='ema_model')
    renamed = {
        '.'.join([names[owner], *rest]): tensor
        for (owner, *rest), tensor in ((name.split('.'), tensor)
                                       for name, tensor in weights.items())
    }
    source, out = place.root / 'latest.pth', place.root / 'released'
    torch.save(dict(meta=dict(iter=4), state_dict=renamed), source)
    code, output = start(
        place, PYTHON, 'tools/model_converters/release_to_mmseg_fst.py',
        source, out, '--config', DEMO)
    assert code == 0, end_of(output)
    code, output = start(place, 'sh', 'test.sh', out, '--max-images', 0)
    assert code == 0, end_of(output)
    assert printed_by_test(output) == printed_by_training(run.output)


class Attack:
    """What makes a file when it is unpickled."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return open, (str(self.victim), 'w')


@pytest.mark.slow
@pytest.mark.parametrize('trusted', [False, True])
def test_weights_to_start_from_run_code_only_if_trusted(place, trusted):
    victim, poison = place.root / 'victim', place.root / 'poison.pth'
    torch.save(dict(state_dict={}, extra=Attack(victim)), poison)
    command = [
        PYTHON, 'run_experiments.py', '--config', DEMO, '--debug',
        '--work-dir', place.root / 'poisoned', *SMALL, f'load_from={poison}'
    ]
    if trusted:
        code, output = start(place, *command, '--trust')
        assert code == 0, end_of(output)
    else:
        message = refused(place, *command)
        assert str(poison) in message and '--trust' in message
    assert victim.exists() == trusted


def test_an_installation_that_breaks_off_says_what_it_needs(place, tmp_path):
    python = tmp_path / 'bin' / 'python'
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "No space left" >&2\nexit 1\n')
    python.chmod(0o755)
    code, output = start(place, 'sh', 'train.sh', VENV=str(tmp_path))
    assert code == 1
    assert re.search(
        r'^No space left\nThe installation broke off.* 6 GB .*'
        rf'free in {tmp_path}: \d\S*\. The same command goes on',
        output, re.MULTILINE), output
    # It is not taken for whole the next time.
    assert not (tmp_path / 'installed.txt').exists()


def test_test_sh_without_a_folder_says_how_to_use_it(place):
    code, output = start(place, 'sh', 'test.sh')
    assert code == 2 and 'Usage: sh test.sh' in output


@pytest.mark.slow
def test_a_grid_goes_on_after_a_failure_and_skips_what_is_finished(place):
    folder = place.root / 'grid'
    folder.mkdir()
    base = f'_base_ = {str(REPOSITORY / DEMO)!r}\n'
    (folder / 'good.py').write_text(base)
    (folder / 'bad.py').write_text(f"{base}load_from = '/no/such.pth'\n")
    # Found out only when it has begun.
    (folder / 'worse.py').write_text(
        f"{base}custom_hooks = [dict(type='FSTHook', depth=-1)]\n")
    (folder / 'table_x.py').write_text(
        "title = 'X'\nconfigs = ['bad.py', 'worse.py', 'good.py']\n")
    command = [
        'env', '-C', folder, PYTHON, REPOSITORY / 'run_experiments.py',
        '--grid', 'table_x.py', '--seeds', 1, *SMALL,
        'train_cfg.max_iters=2', 'train_cfg.val_interval=2'
    ]
    code, output = start(place, *command)
    assert code == 1, end_of(output)
    for words in ('run 1 of 3: bad, seed 1: cannot begin. FileNotFoundError',
                  'run 3 of 3: good, seed 1: new; 1 to go, about 0:0',
                  'Failed: worse, seed 1', '2 of 3 runs failed.'):
        assert words in output, end_of(output)
    table = folder / 'work_dirs' / 'tables' / 'x.md'
    assert '| good | 2 | 1 |' in table.read_text()
    assert table.with_suffix('.csv').is_file()
    (folder / 'table_x.py').write_text("title = 'X'\nconfigs = ['good.py']")
    code, output = start(place, *command)
    assert code == 0, end_of(output)
    assert 'run 1 of 1: good, seed 1: is finished, skipped' in output


def test_two_runs_do_not_share_a_folder(place):
    message = refused(place, PYTHON, 'run_experiments.py', '--config', DEMO,
                      '--seed', 0, 1, '--work-dir', place.root / 'x')
    assert '--work-dir is for one config and one seed' in message
