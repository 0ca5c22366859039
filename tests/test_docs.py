"""Links, names and options in the documentation exist; examples run."""
import ast
import importlib
import json
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
from helpers import REPOSITORY, make_streets

from mmseg_fst.registry import MODELS

DOCS = REPOSITORY / 'docs'
PAGES = sorted(DOCS.glob('*.md')) + [
    REPOSITORY / 'README.md', REPOSITORY / 'CONTRIBUTING.md']
# The commands of bad_inputs.md are wrong on purpose; test_bad_inputs.py runs
# them.
CHECKED_PAGES = [page for page in PAGES if page.name != 'bad_inputs.md']
OPTION = re.compile(r'(?<![\w-])--[a-z][\w-]+')
# Options of torchrun, srun, sbatch, pip, tensorboard and ruff.
EXTERNAL = {
    '--nproc_per_node', '--nnodes', '--node_rank', '--master_addr',
    '--master_port', '--ntasks', '--ntasks-per-node', '--nodes',
    '--gpus-per-node', '--cpus-per-task', '--time', '--signal',
    '--index-url', '--logdir', '--select', '--ignore', '--line-length'
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


def options_of(program, command='', visited=()):
    """Find the options in the source of a program and of its imports.

    Args:
        program (Path): A ``.py`` or a ``.sh`` file.
        command (str): First argument; for ``tools/benchmark.py`` the name of
            a module.
        visited (tuple[Path]): Files that were read before.
    """
    visited = (*visited, program)
    text = program.read_text()
    found = set(re.findall(r"'(--[\w-]+)'", text)) | {'--help'}
    if program.suffix == '.sh':
        others = re.findall(r'"\$PYTHON" (\S+\.py)', text)
        parts = [REPOSITORY / other for other in others]
    else:
        names = re.findall(r'^ *(?:from|import) ([\w.]+)', text, re.M)
        names.append(f'benchmarks.{command}')
        folders = program.parent, REPOSITORY / 'tools', REPOSITORY
        parts = [folder / f'{name.replace(".", "/")}.py'
                 for name in names for folder in folders]
    return found.union(*(options_of(part, visited=visited) for part in parts
                         if part.is_file() and part not in visited))


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
    return wrong


@pytest.mark.parametrize('page', CHECKED_PAGES, ids=lambda page: page.name)
def test_named_options_exist(page):
    text = page.read_text()
    assert not wrong_options(text)
    # Options named without a program must be options of some program.
    known = EXTERNAL.union(
        options_of(REPOSITORY / 'run_experiments.py'),
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


@pytest.mark.slow
def test_the_example_method_works(tmp_path, monkeypatch, capsys):
    """docs/new_method.md: the class, the config, the commands, the test."""
    text = (DOCS / 'new_method.md').read_text()
    part, config, test = re.findall(r'```python\n(.*?)```', text, re.S)
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

    Path('work_dirs/top_share_fst/seed_0').symlink_to('debug')
    Path('photos').symlink_to('data/streets/camera/leftImg8bit/val')
    commands = re.findall(r'PYTHONPATH=\. python (tools/.*)', text)
    assert len(commands) == 3
    for command in commands:  # each as in a new process
        del sys.modules['top_share'], MODELS.module_dict['TopShare']
        monkeypatch.setattr(sys, 'argv', shlex.split(command))
        runpy.run_path(str(REPOSITORY / sys.argv[0]), run_name='__main__')
    metrics = json.loads(
        Path('work_dirs/top_share_fst/seed_0/test/test.json').read_text())
    assert 'student/mIoU' in metrics['metrics']
    assert len(list(Path('labeled/labels').glob('*.png'))) == 2
    assert 'top_share_fst: teacher' in Path('report.html').read_text()
    assert 'No images' not in capsys.readouterr().err

    names = {}
    exec(test, names)
    functions = [
        value for name, value in names.items() if name[:5] == 'test_']
    assert len(functions) == 2
    for function in functions:
        function()


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
