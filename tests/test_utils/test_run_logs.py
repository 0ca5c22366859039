"""Logs of runs that are resumed."""
import json

import pytest
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)
from torch.utils.tensorboard import SummaryWriter

from mmseg_fst.utils.run_logs import cut_logs, read_scalars


def entries(*steps, train=True):
    return [dict(loss=.5, iter=step, step=step) if train else dict(
        mIoU=7., step=step) for step in steps]


def write(work_dir, start, content, tail=''):
    folder = work_dir / start / 'vis_data'
    folder.mkdir(parents=True)
    text = ''.join(f'{json.dumps(entry)}\n' for entry in content) + tail
    for name in ('scalars.json', f'{start}.json'):
        (folder / name).write_text(text)
    return folder


def read(folder):
    texts = {path.read_text() for path in folder.glob('*.json')}
    assert len(texts) == 1, 'both files have the same content'
    return [json.loads(line) for line in texts.pop().splitlines()]


@pytest.mark.parametrize('validated', [True, False])
def test_entries_behind_the_checkpoint_are_removed(tmp_path, validated):
    """From all three starts; the validation of iteration 4 only if due."""
    validation = entries(4, train=False)
    first = write(tmp_path, '1', entries(1, 2, 3, 4) + validation + entries(
        5, 6))
    second = write(tmp_path, '2', entries(5, 6, 7))
    before = write(tmp_path, '0', entries(1))
    cut_logs(tmp_path, 4, validated)
    assert read(before) == entries(1)
    assert read(first) == entries(1, 2, 3, 4) + validation * validated
    assert read(second) == []


def test_an_incomplete_last_line_is_removed(tmp_path):
    folder = write(tmp_path, '1', entries(1, 2), '{"loss": .25, "st')
    cut_logs(tmp_path, 4, True)
    assert read(folder) == entries(1, 2)


def test_a_correct_log_is_not_written_again(tmp_path):
    folder = write(tmp_path, '1', entries(1, 2))
    before = (folder / 'scalars.json').stat().st_ino
    cut_logs(tmp_path, 2, True)
    assert (folder / 'scalars.json').stat().st_ino == before


def test_other_files_are_not_changed(tmp_path):
    folder = write(tmp_path, '1', entries(1, 2))
    (folder / 'other.json').write_text('{\n"a": 1\n}\n')
    cut_logs(tmp_path, 1, True)
    assert (folder / 'other.json').read_text() == '{\n"a": 1\n}\n'


def test_tensorboard_hides_removed_entries(tmp_path):
    folder = write(tmp_path, '1', entries(1, 2, 3))
    with SummaryWriter(str(folder)) as writer:
        for step in (1, 2, 3):
            writer.add_scalar('loss', .5, step)
    cut_logs(tmp_path, 2, True)
    shown = EventAccumulator(str(folder))
    shown.Reload()
    assert [event.step for event in shown.Scalars('loss')] == [1, 2]


def test_read_scalars_returns_the_newest_values(tmp_path):
    write(tmp_path, '1', entries(1, 2), '{"loss": .25, "st')
    write(tmp_path, '2', [dict(loss=.1, step=2), dict(mIoU=9., step=2)])
    assert read_scalars(tmp_path) == dict(
        loss={1: .5, 2: .1}, iter={1: 1, 2: 2}, mIoU={2: 9.})
