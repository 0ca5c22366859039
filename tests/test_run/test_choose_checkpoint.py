"""Choice of the checkpoint that a run goes on from."""
import errno
import json
import os
import zipfile

import pytest
import torch

from mmseg_fst.apis import choose_checkpoint
from mmseg_fst.utils.checkpoint import UnsafeCheckpoint, damage_of


def save(folder, iteration, written):
    """A checkpoint with the time at which it was written, in seconds."""
    path = folder / f'iter_{iteration}.pth'
    torch.save(dict(state_dict=dict(weight=torch.rand(20000))), path)
    os.utime(path, (written, written))
    return path


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b'')


def blank(path):
    """A block that never got to the disk; PyTorch does not mind."""
    content = bytearray(path.read_bytes())
    content[40000:44096] = bytes(4096)
    path.write_bytes(content)
    torch.load(path, weights_only=True)


def test_the_newest_is_chosen_and_named(tmp_path, capsys):
    save(tmp_path, 2, 100)
    newest = save(tmp_path, 10, 200)
    assert choose_checkpoint(str(tmp_path)) == str(newest)
    assert f'Going on from {newest}' in capsys.readouterr().out


def test_the_time_of_a_copy_says_nothing(tmp_path):
    """And the number is one, not letters."""
    save(tmp_path, 9, 300)
    newest = save(tmp_path, 10, 100)
    save(tmp_path, 2, 200)
    assert choose_checkpoint(str(tmp_path)) == str(newest)


def test_other_files_are_none_of_its_business(tmp_path):
    newest = save(tmp_path, 10, 100)
    (tmp_path / 'iter_mine.pth').touch()
    assert choose_checkpoint(str(tmp_path)) == str(newest)


@pytest.mark.parametrize('damage', [truncate, empty, blank])
def test_a_damaged_one_is_set_aside_and_named(tmp_path, capsys, damage):
    whole, broken = save(tmp_path, 2, 100), save(tmp_path, 4, 200)
    damage(broken)
    os.utime(broken, (200, 200))
    assert choose_checkpoint(str(tmp_path)) == str(whole)
    output = capsys.readouterr().out
    assert f'{broken} is damaged (' in output
    assert f'Going on from {whole}' in output
    assert {path.name for path in tmp_path.iterdir()} == {
        'iter_2.pth', 'iter_4.pth.damaged'}


def test_none_is_whole(tmp_path):
    """Nothing is thrown away: what is to be done is the user's decision."""
    paths = [save(tmp_path, iteration, 100) for iteration in (2, 4)]
    for path in paths:
        truncate(path)
    log = tmp_path / '1' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps(dict(iter=1, step=1)) + '\n')
    before = log.read_text()
    for _ in range(2):
        with pytest.raises(UnsafeCheckpoint, match='without --resume'
                           ) as error:
            choose_checkpoint(str(tmp_path))
        for path in paths:
            assert str(path) in str(error.value) and path.exists()
    assert log.read_text() == before


def test_a_disk_that_fails_costs_no_checkpoint(tmp_path, monkeypatch):
    path = save(tmp_path, 2, 100)

    def fail(archive):
        raise OSError(errno.EIO, 'Input/output error')

    with monkeypatch.context() as failing:
        failing.setattr(zipfile.ZipFile, 'testzip', fail)
        with pytest.raises(OSError, match='Input/output'):
            choose_checkpoint(str(tmp_path))
    assert choose_checkpoint(str(tmp_path)) == str(path)


def test_without_a_checkpoint_logs_are_taken_back(tmp_path):
    log = tmp_path / '1' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps(dict(iter=1, step=1)) + '\n')
    assert choose_checkpoint(str(tmp_path)) is None
    assert log.read_text() == ''


def test_an_empty_folder(tmp_path, capsys):
    assert choose_checkpoint(str(tmp_path / 'none')) is None
    assert capsys.readouterr().out == ''


def test_damage_anywhere_in_the_weights_is_seen(tmp_path):
    path = save(tmp_path, 2, 100)
    assert damage_of(str(path)) is None
    whole = path.read_bytes()
    for place in range(2000, 80000, 7800):
        content = bytearray(whole)
        content[place] ^= 1
        path.write_bytes(content)
        assert damage_of(str(path)), place
