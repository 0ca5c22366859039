"""Bad inputs end with one clear message.

The table of the cases, docs/bad_inputs.md, is written by

    PYTHONPATH=tests:. python tests/test_bad_inputs.py
"""
import runpy
import shlex
import shutil
import subprocess
import sys

import pytest
from bad_commands import COMMANDS, CONFIGS
from bad_files import CHECKPOINTS, DATA
from bad_inputs import format_table
from bad_own_data import OWN_DATA
from bad_runs import RUNS
from helpers import PYTHON, REPOSITORY, make_streets

GROUPS = {
    'Command lines': COMMANDS,
    'Configs': CONFIGS,
    'Data': DATA,
    'Weights and checkpoints': CHECKPOINTS,
    'Finished runs': RUNS,
    'Your own data': OWN_DATA,
}
TABLE = REPOSITORY / 'docs' / 'bad_inputs.md'
RESULTS = ('*.pth', '*.safetensors', '*.pt2', '*.onnx', '*.tmp*',
           'results.json', 'test.json', 'task.json')
CASES = [
    pytest.param(case, id=case.what.replace(' ', '-'))
    for cases in GROUPS.values() for case in cases
]


@pytest.fixture(scope='module')
def streets(tmp_path_factory):
    return make_streets(tmp_path_factory.mktemp('streets') / 'streets')


@pytest.fixture
def workspace(tmp_path, streets, monkeypatch):
    """Folder with the demo data and the configs to run commands in."""
    shutil.copytree(streets, tmp_path / 'data' / 'streets')
    (tmp_path / 'configs').symlink_to(REPOSITORY / 'configs')
    monkeypatch.chdir(tmp_path)
    for name in ('STREETS_ROOT', 'STREETGEN_ROOT', 'RANK', 'WORLD_SIZE'):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def start(command, monkeypatch, capsys):
    """Run a program in this process like from the command line.

    Returns its exit status and its message, which is the argument of the exit
    or the standard error.
    """
    program, *arguments = shlex.split(command)
    path = str(REPOSITORY / program)
    monkeypatch.setattr(sys, 'argv', [path, *arguments])
    try:
        runpy.run_path(path, run_name='__main__')
        status = 0
    except SystemExit as end:
        status = end.code or 0
    errors = capsys.readouterr().err
    if isinstance(status, int):
        return status, errors
    # new_task.py prints one line for each problem before it exits.
    is_list = '; nothing is written' in status
    return 1, f'{errors}{status}' if is_list else status


def results(folder):
    """Return the files of a folder that could be used as results."""
    return {
        path for pattern in RESULTS for path in folder.rglob(pattern)
    }


@pytest.mark.parametrize('case', CASES)
def test_one_message_names_the_error_and_a_fix(
        case, workspace, monkeypatch, capsys):
    if case.prepare is not None:
        case.prepare(workspace)
    before = results(workspace)
    status, message = start(case.command, monkeypatch, capsys)
    assert status != 0
    assert case.names in message
    assert case.fix in message
    assert 'Traceback (most recent call last)' not in message
    work_dirs = workspace / 'work_dirs'
    assert case.begins or not work_dirs.exists()
    if case.begins:
        traceback, = work_dirs.rglob('error.txt')
        assert 'Traceback' in traceback.read_text()
        assert str(traceback.relative_to(workspace)) in message
    assert results(workspace) == before


@pytest.mark.slow
@pytest.mark.parametrize('case', [COMMANDS[7], DATA[1], CHECKPOINTS[11]])
def test_a_separate_process_prints_the_same_message(case, workspace,
                                                    monkeypatch):
    if case.prepare is not None:
        case.prepare(workspace)
    program, *arguments = shlex.split(case.command)
    monkeypatch.setenv('PYTHONPATH', str(REPOSITORY))
    done = subprocess.run(
        [PYTHON, REPOSITORY / program, *arguments], capture_output=True,
        text=True)
    assert done.returncode == 1
    message = done.stderr.strip().rpartition('\n')[2]
    assert case.names in message and case.fix in message
    assert 'Traceback' not in done.stderr + done.stdout


def test_cases_are_unique():
    assert len(CASES) >= 60
    assert len({case.id for case in CASES}) == len(CASES)


def test_the_table_in_the_docs_is_up_to_date():
    assert TABLE.read_text() == format_table(GROUPS), (
        'Update it: PYTHONPATH=tests:. python tests/test_bad_inputs.py')


if __name__ == '__main__':
    TABLE.write_text(format_table(GROUPS))
