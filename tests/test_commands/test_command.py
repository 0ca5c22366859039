"""mmseg-fst: its commands, their help, and exit statuses."""
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PYTHON, REPOSITORY

from mmseg_fst import commands
from mmseg_fst.commands import COMMANDS, main, make_parser, module_of
from mmseg_fst.version import __version__

FOLDER = REPOSITORY / 'mmseg_fst' / 'commands'
WRAPPERS = {
    path: re.search(r"start\('([\w-]+)'", path.read_text())
    for path in [REPOSITORY / 'run_experiments.py',
                 *(REPOSITORY / 'tools').glob('*.py')]
    if 'mmseg_fst.commands' in path.read_text()
}


def refused(words, capsys):
    """Exit status and message of a command."""
    with pytest.raises(SystemExit) as end:
        main(words)
    if isinstance(end.value.code, str):
        return 1, end.value.code
    return end.value.code, capsys.readouterr().err


def test_every_module_is_a_command():
    modules = {path.stem for path in FOLDER.glob('*.py')} - {'__init__'}
    assert modules == {name.replace('-', '_') for name in COMMANDS}


@pytest.mark.parametrize('name', COMMANDS)
def test_a_command_has_a_help_with_an_example(name):
    text = make_parser(name, f'mmseg-fst {name}').format_help()
    assert f'\n    mmseg-fst {name}' in text
    assert commands.STATUSES.split(',')[0] in text
    for action in make_parser(name)._actions:
        assert action.help, action.dest


def test_the_help_lists_all_commands(capsys):
    with pytest.raises(SystemExit) as end:
        main(['--help'])
    assert end.value.code == 0
    output = capsys.readouterr().out
    for name, summary in COMMANDS.items():
        assert re.search(rf'^  {name} +{re.escape(summary)}$', output, re.M)
        assert len(summary) < 65


def test_the_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(['--version'])
    assert end.value.code == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize('words, status, message', [
    ([], 2, 'required: COMMAND'),
    (['trian'], 2, "there is no command 'trian'; did you mean train?"),
    (['zzz'], 2, 'see mmseg-fst --help'),
    (['train'], 2, 'CONFIG ... or --grid FILE is required'),
    (['train', 'a', '--grid', 'b'], 2, 'either CONFIG ... or --grid'),
    (['train', 'a', 'b', '--launcher', 'pytorch'], 2, '--launcher'),
    (['train', 'demo/streets_fts'], 1, 'demo/streets_fst'),
    (['plot-runs', 'a', '--window', '0'], 2, '--window must be at least 1'),
    (['download', 'splits', 'cct'], 2, "unknown family 'cct'"),
    (['new-task', '--labeled', 'a', '--holdout', '2'], 2, '--holdout'),
    (['configs', 'no_such_name'], 1, 'mmseg-fst configs'),
    (['summarize', 'nowhere'], 1, 'such as work_dirs/demo/*'),
])
def test_exit_statuses(words, status, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    actual, text = refused(words, capsys)
    assert actual == status, text
    assert message in text and 'Traceback' not in text


def test_an_interrupted_command(monkeypatch, capsys):
    def interrupt(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(module_of('configs'), 'run', interrupt)
    assert main(['configs']) == 130
    assert 'Interrupted' in capsys.readouterr().err


def test_configs_are_listed(capsys):
    assert main(['configs', 'demo/*fst']) == 0
    names = capsys.readouterr().out.split()
    assert 'demo/streets_fst' in names
    assert all(re.search('demo/.*fst', name) for name in names)
    assert main(['configs']) == 0
    names = capsys.readouterr().out.split()
    assert len(names) > 300
    assert not any(name.startswith(('_base_', 'own/')) for name in names)


def test_help_and_wrong_options_import_no_pytorch():
    """In a new process, as the tests have imported it."""
    code = '''
import sys
from mmseg_fst_command import main
for words in ([], ['tarin'], ['train'], ['--help'],
              *([name, '--help'] for name in sys.argv[1:])):
    try:
        main(words)
    except SystemExit as end:
        assert end.code == (0 if '--help' in words else 2), (words, end)
heavy = {'torch', 'mmengine', 'mmcv', 'mmseg'} & set(sys.modules)
sys.exit(f'imported: {heavy}' if heavy else 0)
'''
    done = subprocess.run([PYTHON, '-c', code, *COMMANDS], cwd=REPOSITORY,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('path', WRAPPERS, ids=lambda path: path.name)
def test_scripts_call_commands(path, monkeypatch, capsys):
    name = WRAPPERS[path][1]
    assert len(path.read_text().splitlines()) < 10
    monkeypatch.setattr(sys, 'argv', [str(path), '--help'])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(path), run_name='__main__')
    assert end.value.code == 0
    assert f'mmseg-fst {name}' in capsys.readouterr().out or (
        name == 'download')


def test_every_command_that_was_a_script_is_one_still():
    scripts = {path.stem for path in WRAPPERS}
    assert scripts >= {
        'run_experiments', 'train', 'test', 'predict', 'report', 'new_task',
        'export', 'summarize', 'check_data', 'label_images', 'rank_images',
        'make_streets', 'download_checkpoints', 'download_splits', 'push',
        'replay', 'plot_runs'
    }


def test_completion(capsys):
    pytest.importorskip('shtab', reason="pip install -e '.[completion]'")
    assert main(['completion', 'bash']) == 0
    script = capsys.readouterr().out
    assert '--partition' in script and 'new-task' in script


def test_the_page_of_commands_is_complete():
    text = (REPOSITORY / 'docs' / 'commands.md').read_text()
    named = re.findall(r'^\| `mmseg-fst ([\w-]+)', text, re.M)
    assert sorted(set(named)) == sorted(COMMANDS)
    for script in re.findall(r'`((?:tools/)?\w+\.(?:py|sh))`', text):
        assert Path(REPOSITORY / script).is_file(), script
