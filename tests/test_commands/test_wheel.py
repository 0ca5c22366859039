"""A wheel is enough: the command in an empty folder, without a checkout."""
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import PYTHON, REPOSITORY, make_streets, save_pair

SOURCES = ('mmseg_fst', 'configs', 'setup.py', 'pyproject.toml',
           'requirements.txt', 'README.md', 'LICENSE', 'MANIFEST.in',
           'mmseg_fst_command.py')
# All commands in one process, since the imports take most of the time.
PROGRAM = '''
import json
import sys
from mmseg_fst_command import main
for words in json.loads(sys.argv[1]):
    status = main(words)
    print('Package:', sys.modules['mmseg_fst'].__file__)
    if status:
        sys.exit(status)
'''


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """Build the wheel from a copy of the repository, with a user's task."""
    pytest.importorskip('setuptools', minversion='77')
    root = tmp_path_factory.mktemp('wheel')
    source = root / 'source'
    source.mkdir()
    ignored = shutil.ignore_patterns('__pycache__', 'own')
    for name in SOURCES:
        path = REPOSITORY / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=ignored)
        else:
            shutil.copy(path, source / name)
    own = source / 'configs' / 'own' / 'secret'
    own.mkdir(parents=True)
    (own / 'data.py').write_text('a = 1\n')
    code = ('import sys; from setuptools import build_meta; '
            'print(build_meta.build_wheel(sys.argv[1]))')
    done = subprocess.run([PYTHON, '-c', code, str(root)], cwd=source,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    path, = root.glob('*.whl')
    return path


def test_the_wheel_holds_the_configs(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    packaged = {name.removeprefix('mmseg_fst/configs/') for name in names
                if name.startswith('mmseg_fst/configs/')}
    root = REPOSITORY / 'configs'
    files = {path.relative_to(root).as_posix() for path in root.rglob('*.py')}
    assert packaged == {
        name for name in files if not name.startswith('own/')}
    assert 'mmseg_fst/report/page.html' in names
    assert 'mmseg_fst_command.py' in names
    entry, = (name for name in names if name.endswith('entry_points.txt'))
    text = zipfile.ZipFile(wheel).read(entry).decode()
    assert 'mmseg-fst = mmseg_fst_command:main' in text
    assert not any('tests' in Path(name).parts for name in names)


@pytest.mark.slow
def test_a_task_is_created_and_trained_in_an_empty_folder(wheel, tmp_path):
    """Its bases, and configs by name come from the package."""
    site, work = tmp_path / 'site', tmp_path / 'work'
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    rng = np.random.default_rng(0)
    for index in range(5):
        save_pair(rng, work / f'mine/images/{index}.png',
                  work / f'mine/labels/{index}.png', num_classes=2)
    save_pair(rng, work / 'photos/a.png', None, num_classes=2)
    (work / 'photos/b.png').write_bytes(
        (work / 'photos/a.png').read_bytes())
    (work / 'classes.txt').write_text('road\nsky\nignore = 255\n')
    make_streets(work / 'data/streets')
    small = ['--debug', '--cfg-options', 'train_cfg.max_iters=2',
             'train_dataloader.num_workers=0',
             'train_dataloader.persistent_workers=False',
             'val_dataloader.num_workers=0',
             'val_dataloader.persistent_workers=False',
             'model.segmentor.backbone.init_cfg=None']
    run = 'work_dirs/own/boxes/supervised/debug'
    commands = [
        ['new-task', '--labeled', 'mine', '--unlabeled', 'photos',
         '--classes', 'classes.txt', '--name', 'boxes'],
        ['train', 'configs/own/boxes/supervised.py', *small],
        ['test', run, '--max-images', '0'],
        ['predict', run, 'photos/a.png', '--out', 'labeled'],
        ['check-data', '--config', 'demo/streets_fst']
    ]
    environment = {name: value for name, value in os.environ.items()
                   if name not in ('STREETS_ROOT', 'MMSEG_FST_CONFIGS')}
    done = subprocess.run(
        [PYTHON, '-c', PROGRAM, json.dumps(commands)], cwd=work,
        env={**environment, 'PYTHONPATH': str(site)}, capture_output=True,
        text=True)
    output = done.stdout + done.stderr
    # The last command reads all data of a packaged config.
    assert re.search('no pixel of|no problem was found', output), output
    base = (work / 'configs/own/boxes/base.py').read_text()
    assert "'{{$MMSEG_FST_CONFIGS:configs}}/_base_/models/" in base
    assert 'mmseg-fst train configs/own/boxes/supervised.py' in output
    assert (work / run / 'results.json').is_file()
    assert (work / run / 'test/test.json').is_file()
    assert list((work / 'labeled/labels').glob('*.png'))
    assert f'Package: {site}/mmseg_fst/__init__.py\n' in output
