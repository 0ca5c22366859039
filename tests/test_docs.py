"""What the documentation says is there, is there; its examples run."""
import ast
import importlib
import json
import re
import runpy
import sys
from pathlib import Path

import pytest
from helpers import REPOSITORY, make_streets

DOCS = REPOSITORY / 'docs'
PAGES = sorted(DOCS.glob('*.md')) + [
    REPOSITORY / 'README.md', REPOSITORY / 'CONTRIBUTING.md']


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r'\]\(([^)#\s]+)', page.read_text()):
        if '://' not in target:
            assert (page.parent / target).exists(), f'{page.name}: {target}'


@pytest.mark.parametrize('page', sorted(DOCS.glob('*.md')),
                         ids=lambda page: page.name)
def test_programs_and_configs_that_are_named_exist(page):
    if page.name == 'bad_inputs.md':
        pytest.skip('names files that are not there')
    text = page.read_text()
    found = re.findall(
        r'(?:python|sh) ((?:tools|tests)/[\w./]+|\w+\.(?:py|sh))', text)
    found += re.findall(r'\bconfigs/(?:uda|ssl|demo)/[\w.-]+\.py', text)
    for name in found:
        assert (REPOSITORY / name).is_file(), f'{page.name}: {name}'
    for kind, name in re.findall(
            r'`(models|methods|datasets|schedules|protocols)/([\w.-]+\.py)`',
            text):
        bases = REPOSITORY / 'configs' / '_base_' / kind
        assert (bases / name).is_file() or kind == 'models' and (
            REPOSITORY / 'mmseg_fst' / kind / name).is_file(), name


def test_bases_of_the_table_exist():
    rows = re.findall(r'^\| `(\w+)` \|.*\| (.*) \|$',
                      (DOCS / 'choose.md').read_text(), re.MULTILINE)
    assert len(rows) == 5
    for folder, names in rows:
        for name in re.findall(r'`([\w.-]+)`', names):
            path = REPOSITORY / 'configs' / '_base_' / folder / name
            assert path.is_file(), path


def test_options_that_are_named_are_known():
    """Of the programs that the pages show."""
    sources = [REPOSITORY / 'run_experiments.py',
               *(REPOSITORY / 'tools').rglob('*.py')]
    known = set(re.findall(r"'(--[\w-]+)'",
                           ''.join(path.read_text() for path in sources)))
    # Of torchrun, srun, sbatch, pip and tensorboard.
    known |= {'--nproc_per_node', '--nnodes', '--node_rank', '--master_addr',
              '--master_port', '--ntasks', '--ntasks-per-node', '--nodes',
              '--gpus-per-node', '--cpus-per-task', '--time', '--signal',
              '--index-url', '--logdir'}
    for page in DOCS.glob('*.md'):
        if page.name != 'bad_inputs.md':
            named = set(re.findall(r'(?<![\w-])--[a-z][\w-]+',
                                   page.read_text()))
            assert named <= known, f'{page.name}: {sorted(named - known)}'


def test_what_examples_import_is_there():
    """And what they write is Python."""
    found = 0
    for page in PAGES:
        for text in re.findall(r'```python\n(.*?)```', page.read_text(), re.S):
            for node in ast.walk(ast.parse(text)):
                if not isinstance(node, ast.ImportFrom) or not (
                        node.module.startswith('mmseg_fst')):
                    continue
                module = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(module, alias.name), (page, alias.name)
                    found += 1
    assert found


@pytest.mark.slow
def test_the_method_that_is_written_works(tmp_path, monkeypatch):
    """docs/new_method.md: the class, the config, the test."""
    part, config, test = re.findall(
        r'```python\n(.*?)```', (DOCS / 'new_method.md').read_text(), re.S)
    (tmp_path / 'top_share.py').write_text(part)
    (tmp_path / 'top_share_fst.py').write_text(config)
    (tmp_path / 'configs').symlink_to(REPOSITORY / 'configs')
    make_streets(tmp_path / 'data' / 'streets')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('STREETS_ROOT', raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, 'argv', [
        'run_experiments.py', '--config', 'top_share_fst.py', '--debug',
        '--cfg-options', 'train_dataloader.batch_size=2',
        'train_cfg.max_iters=2'])
    runpy.run_path(str(REPOSITORY / 'run_experiments.py'),
                   run_name='__main__')
    results, = Path('work_dirs').rglob('results.json')
    assert 'teacher/mIoU' in results.read_text()
    names = {}
    exec(test, names)
    tests = [value for name, value in names.items() if name[:5] == 'test_']
    assert len(tests) == 2
    for one in tests:
        one()


@pytest.mark.slow
def test_the_notebook_runs(tmp_path, monkeypatch):
    cells = json.loads((DOCS / 'first_look.ipynb').read_text())['cells']
    code = [''.join(cell['source']) for cell in cells
            if cell['cell_type'] == 'code']
    assert all(not cell.get('outputs') for cell in cells)
    (tmp_path / 'configs').symlink_to(REPOSITORY / 'configs')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('STREETS_ROOT', '')  # the notebook sets it
    names = {'display': lambda shown: None}
    for text in code:
        text = text.replace('iterations = 200', 'iterations = 4')
        text = text.replace('train=100, val=20', 'train=2, val=1')
        exec(text, names)
    assert Path('work_dirs/first_look/results.json').is_file()
    assert names['scores'][0].network == 'student'
