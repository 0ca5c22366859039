"""What a user may get wrong ends with one clear message.

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
def place(tmp_path, streets, monkeypatch):
    """Folder with the demo data and the configs, where commands are run."""
    shutil.copytree(streets, tmp_path / 'data' / 'streets')
    (tmp_path / 'configs').symlink_to(REPOSITORY / 'configs')
    monkeypatch.chdir(tmp_path)
    for name in ('STREETS_ROOT', 'STREETGEN_ROOT', 'RANK', 'WORLD_SIZE'):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def start(command, monkeypatch, capsys):
    """Run a program in this process, as the command line does.

    Returns its exit status and its message: what it ends with, or else what
    it has written as errors.
    """
    program, *arguments = shlex.split(command)
    path = str(REPOSITORY / program)
    monkeypatch.setattr(sys, 'argv', [path, *arguments])
    try:
        runpy.run_path(path, run_name='__main__')
        status = 0
    except SystemExit as end:
        status = end.code or 0
    said = capsys.readouterr().err
    if isinstance(status, int):
        return status, said
    listed = 'problems; nothing is written' in status  # each in a line
    return 1, f'{said}{status}' if listed else status


def results(folder):
    """Files of a folder that are taken for the result of something."""
    return {
        path for pattern in RESULTS for path in folder.rglob(pattern)
    }


@pytest.mark.parametrize('case', CASES)
def test_one_message_names_what_is_wrong_and_what_to_do(
        case, place, monkeypatch, capsys):
    if case.prepare is not None:
        case.prepare(place)
    before = results(place)
    status, message = start(case.command, monkeypatch, capsys)
    assert status != 0
    assert case.names in message
    assert case.cure in message
    assert 'Traceback (most recent call last)' not in message
    work_dirs = place / 'work_dirs'
    assert case.begins or not work_dirs.exists()
    if case.begins:
        traceback, = work_dirs.rglob('error.txt')
        assert 'Traceback' in traceback.read_text()
        assert str(traceback.relative_to(place)) in message
    assert results(place) == before


@pytest.mark.slow
@pytest.mark.parametrize('case', [COMMANDS[7], DATA[1], CHECKPOINTS[11]])
def test_a_process_of_its_own_says_the_same(case, place, monkeypatch):
    if case.prepare is not None:
        case.prepare(place)
    program, *arguments = shlex.split(case.command)
    monkeypatch.setenv('PYTHONPATH', str(REPOSITORY))
    done = subprocess.run(
        [PYTHON, REPOSITORY / program, *arguments], capture_output=True,
        text=True)
    assert done.returncode == 1
    message = done.stderr.strip().rpartition('\n')[2]
    assert case.names in message and case.cure in message
    assert 'Traceback' not in done.stderr + done.stdout


def test_there_are_as_many_cases_as_promised():
    assert len(CASES) >= 60
    assert len({case.id for case in CASES}) == len(CASES)


def test_the_table_is_that_of_the_cases():
    assert TABLE.read_text() == format_table(GROUPS), (
        'Write it anew: PYTHONPATH=tests:. python tests/test_bad_inputs.py')


if __name__ == '__main__':
    TABLE.write_text(format_table(GROUPS))
