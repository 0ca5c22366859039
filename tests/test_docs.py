"""Links, names and options in the documentation exist; examples run."""
import ast
import functools
import importlib
import json
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
from helpers import REPOSITORY, make_streets
from mmengine.registry import init_default_scope
from test_engine.toy import assert_equal, model_config, trained

from mmseg_fst.commands import COMMANDS
from mmseg_fst.registry import MODELS

DOCS = REPOSITORY / 'docs'
PAGES = sorted(DOCS.glob('*.md')) + [
    REPOSITORY / 'README.md', REPOSITORY / 'CONTRIBUTING.md']
# The commands of bad_inputs.md are wrong on purpose; test_bad_inputs.py runs
# them.
CHECKED_PAGES = [page for page in PAGES if page.name != 'bad_inputs.md']
OPTION = re.compile(r'(?<![\w-])--[a-z][\w-]+')
# Options of torchrun, srun, sbatch, pip, tensorboard, ruff and mkdocs.
EXTERNAL = {
    '--nproc_per_node', '--nnodes', '--node_rank', '--master_addr',
    '--master_port', '--ntasks', '--ntasks-per-node', '--nodes',
    '--gpus-per-node', '--cpus-per-task', '--time', '--signal',
    '--index-url', '--logdir', '--select', '--ignore', '--line-length',
    '--strict'
}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_link_targets_exist(page):
    for target in re.findall(r'\]\(([^)#\s]+)', page.read_text()):
        if '://' not in target:
            assert (page.parent / target).exists(), f'{page.name}: {target}'


@pytest.mark.parametrize('page', CHECKED_PAGES, ids=lambda page: page.name)
def test_named_programs_and_configs_exist(page):
    text = page.read_text()
    found = re.findall(
        r'(?:python|sh) ((?:tools|tests)/[\w./]+|\w+\.(?:py|sh))', text)
    found += re.findall(
        r'\bconfigs/(?:uda|ssl|demo|co_training)/[\w.-]+\.py', text)
    for name in found:
        if re.search('CONFIG|RUN', name):  # a placeholder
            continue
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


@functools.cache
def options_of(program, command=''):
    """Find the options in the source of a program and of its imports.

    Args:
        program (Path): A ``.py`` or a ``.sh`` file.
        command (str): First argument; for ``tools/benchmark.py`` the name of
            a module.
    """
    found, files, waiting = {'--help'}, set(), [program]
    while waiting:
        path = waiting.pop()
        if path in files or not path.is_file():
            continue
        files.add(path)
        text = path.read_text()
        found.update(re.findall(r"'(--[\w-]+)'", text))
        if path.suffix == '.sh':
            waiting += [REPOSITORY / other for other in
                        re.findall(r'"\$PYTHON" (\S+\.py)', text)]
            continue
        waiting += [path.parent / f'{name}.py' for name in
                    re.findall(r'^from \.(\w+) import', text, re.M)]
        names = re.findall(r'^ *(?:from|import) (\w[\w.]*)', text, re.M)
        names.append(f'benchmarks.{command}')
        names += [f'mmseg_fst.commands.{name.replace("-", "_")}'
                  for name in re.findall(r"start\('([\w-]+)'", text)]
        waiting += [
            folder / f'{name.replace(".", "/")}.py' for name in names
            for folder in (path.parent, REPOSITORY / 'tools', REPOSITORY)]
    return found


def commands_of(text):
    """Find the command lines of a page, in blocks and between backticks."""
    text = text.replace('\\\n', ' ')
    blocks = re.findall(r'^```\w*\n(.*?)^```', text, re.M | re.S)
    text = re.sub(r'^```\w*\n.*?^```', '', text, flags=re.M | re.S)
    lines = '\n'.join(blocks).splitlines()
    lines += re.findall(r'^ {4,}(.*)', text, re.M)
    lines += [' '.join(span.split())
              for span in re.findall(r'`([^`]+)`', text)]
    return [re.split(r' # |[;|&]', line)[0] for line in lines]


def wrong_options(text):
    """Find programs of this repository with options they do not have."""
    wrong = []
    for line in commands_of(text):
        for match in re.finditer(r'(?:^| )([\w/]+\.(?:py|sh))(?= |$)', line):
            program = REPOSITORY / match[1]
            if program.is_file() and 'configs' not in program.parts:
                rest = line[match.end():]
                known = options_of(program, rest.strip().partition(' ')[0])
                wrong += [f'{match[1]} {option}'
                          for option in OPTION.findall(rest)
                          if option not in known]
                break
        match = re.search(r'(?:^| )mmseg-fst ([a-z][\w-]*)', line)
        if match:
            wrong += wrong_words(match[1], line[match.end():])
    return wrong


def wrong_words(command, rest):
    """Find what is wrong in a command line of mmseg-fst."""
    if command not in COMMANDS:
        return [f'mmseg-fst {command}']
    known = options_of(REPOSITORY / 'mmseg_fst' / 'commands' /
                       f'{command.replace("-", "_")}.py')
    return [f'mmseg-fst {command} {option}'
            for option in OPTION.findall(rest) if option not in known]


@pytest.mark.parametrize('page', CHECKED_PAGES, ids=lambda page: page.name)
def test_named_options_exist(page):
    text = page.read_text()
    assert not wrong_options(text)
    # Options named without a program must be options of some program.
    known = EXTERNAL.union(
        options_of(REPOSITORY / 'run_experiments.py'),
        *map(options_of, (REPOSITORY / 'mmseg_fst/commands').glob('*.py')),
        *map(options_of, (REPOSITORY / 'tools').rglob('*.py')))
    assert set(OPTION.findall(text)) <= known


@pytest.mark.parametrize('text, expected', [
    ('    python tools/report.py RUN --out a --panel 3\n',
     ['tools/report.py --panel']),
    ('Say `sh train.sh CONFIG\n--seed 0 --flip`.', ['train.sh --flip']),
    ('```\npython tools/predict.py RUN a \\\n    --outt b\n```\n',
     ['tools/predict.py --outt']),
    ('    python tools/benchmark.py loader --levers\n',
     ['tools/benchmark.py --levers']),
    ('    python tools/benchmark.py step --levers\n', []),
    ('    torchrun --nnodes 2 tools/train.py C --launcher pytorch\n', []),
    ('    python tools/model_converters/mit_to_mmseg.py A B --trust\n', []),
    ('`sh tools/download_checkpoints.sh --list` and `--flip`', []),
    ('    mmseg-fst report RUN --out a --panel 3\n',
     ['mmseg-fst report --panel']),
    ('`mmseg-fst predit RUN` and `mmseg-fst --help`', ['mmseg-fst predit']),
])
def test_a_wrong_option_is_detected(text, expected):
    """The checker itself is correct."""
    assert wrong_options(text) == expected


def test_imports_of_examples_exist():
    """Examples are also valid Python."""
    count = 0
    for page in PAGES:
        for text in re.findall(r'```python\n(.*?)```', page.read_text(), re.S):
            for node in ast.walk(ast.parse(text)):
                if not isinstance(node, ast.ImportFrom) or not (
                        node.module.startswith('mmseg_fst')):
                    continue
                module = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(module, alias.name), (page, alias.name)
                    count += 1
    assert count


@pytest.fixture
def written_method(tmp_path, monkeypatch):
    """Files of docs/new_method.md in the current folder; the page's text."""
    text = (DOCS / 'new_method.md').read_text()
    method, config, fst, test = re.findall(r'```python\n(.*?)```', text, re.S)
    (tmp_path / 'masked_consistency.py').write_text(method)
    (tmp_path / 'masked.py').write_text(config)
    (tmp_path / 'masked_fst-d.py').write_text(fst)
    (tmp_path / 'test_masked_consistency.py').write_text(test)
    (tmp_path / 'configs').symlink_to(REPOSITORY / 'configs')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('STREETS_ROOT', raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield text
    forget_method()


def forget_method():
    """As in a new process."""
    sys.modules.pop('masked_consistency', None)
    MODELS.module_dict.pop('MaskedConsistency', None)


def start(command, monkeypatch):
    """Run a command line in this process."""
    forget_method()
    monkeypatch.setattr(sys, 'argv', shlex.split(command))
    runpy.run_path(str(REPOSITORY / sys.argv[0]), run_name='__main__')


@pytest.mark.slow
def test_the_example_method_works(written_method, monkeypatch, capsys):
    """docs/new_method.md: the class, both configs, the commands."""
    make_streets('data/streets')
    commands = re.findall(r'PYTHONPATH=\. python (.*)', written_method)
    debug, train, *others = commands
    assert debug.endswith(' --debug') and train.endswith(' --seed 0 1 2')
    for name in ('masked.py', 'masked_fst-d.py'):
        assert name in debug and name in train
    start(f'{debug} --cfg-options train_dataloader.batch_size=2 '
          'train_cfg.max_iters=2', monkeypatch)
    for name in ('masked', 'masked_fst-d'):
        results, = Path('work_dirs', name).rglob('results.json')
        assert 'teacher/mIoU' in results.read_text()
        log, = Path('work_dirs', name).rglob('scalars.json')
        assert 'masked.decode.loss_ce' in log.read_text()

    Path('work_dirs/masked_fst-d/seed_0').symlink_to('debug')
    Path('photos').symlink_to('data/streets/camera/leftImg8bit/val')
    assert len(others) == 3
    for command in others:
        start(command, monkeypatch)
    metrics = json.loads(
        Path('work_dirs/masked_fst-d/seed_0/test/test.json').read_text())
    assert 'student/mIoU' in metrics['metrics']
    assert len(list(Path('labeled/labels').glob('*.png'))) == 2
    assert 'masked_fst-d: teacher' in Path('report.html').read_text()
    assert not re.search('No images', capsys.readouterr().err)


def test_the_tests_of_the_example_method_pass(written_method):
    names = runpy.run_path('test_masked_consistency.py')
    functions = [
        value for name, value in names.items() if name[:5] == 'test_']
    assert len(functions) == 3
    for function in functions:
        function()


@pytest.mark.parametrize('hook', [
    dict(type='MeanTeacherHook'),
    dict(type='FSTHook', depth=3),
    dict(type='FSTHook', depth=2, restore='all', resample_mix=False),
], ids=['mean-teacher', 'fst-d', 'graph'])
@pytest.mark.parametrize('block_size', [8, 13])
def test_the_example_method_is_mic_bit_for_bit(
        written_method, tmp_path, hook, block_size):
    importlib.import_module('masked_consistency')
    init_default_scope('mmseg_fst')
    models = dict(
        page=model_config(
            type='MaskedConsistency', block_size=block_size, ratio=.6),
        package=model_config(
            type='MIC',
            mask=dict(type='BlockMask', block_size=block_size, ratio=.6)))
    states = {
        name: trained(tmp_path / name, hook,
                      dict(type='SGD', lr=.05, momentum=.9), model=model)[0]
        for name, model in models.items()
    }
    assert_equal(states['page'], states['package'])


def code_of(notebook):
    """Code of the cells of a notebook, which has no outputs."""
    cells = json.loads((DOCS / notebook).read_text())['cells']
    assert all(not cell.get('outputs') for cell in cells)
    return [''.join(cell['source']) for cell in cells
            if cell['cell_type'] == 'code']


@pytest.mark.slow
def test_the_notebook_of_the_call_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    displayed = []
    names = {'display': displayed.append}
    for text in code_of('self_train.ipynb'):
        for old, new in {'train=100, val=20': 'train=18, val=2',
                         'iterations=iterations,': 'debug=True,',
                         'long_side=256': 'long_side=96'}.items():
            text = text.replace(old, new)
        exec(text, names)
    assert names['result'].debug and names['label'].shape == (128, 256)
    assert len(displayed) == 4
    assert Path('work_dirs/self_train/report.html').is_file()


@pytest.mark.slow
def test_the_notebook_runs(tmp_path, monkeypatch):
    code = code_of('first_look.ipynb')
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
