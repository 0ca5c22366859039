"""Several processes train as one does."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name('processes.py')


def run(out: Path, hook: dict, processes: int, batch_size: int,
        *options: str) -> list[dict]:
    """What all processes end with."""
    out.mkdir()
    command = [
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node', str(processes), str(SCRIPT), json.dumps(hook),
        str(batch_size), str(out), *options
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''})
    assert done.returncode == 0, done.stderr[-3000:]
    return [
        torch.load(out / f'rank_{rank}.pt', weights_only=True)
        for rank in range(processes)
    ]


@pytest.mark.parametrize('hook', [
    dict(type='FSTHook', depth=3),
    dict(type='FSTHook', depth=1, restore='all'),
    dict(type='WideFSTHook', width=3),
], ids=['depth', 'depth_all', 'width'])
def test_two_processes_are_one(tmp_path, hook):
    first, second = (
        one['state']
        for one in run(tmp_path / 'two', hook, processes=2, batch_size=2))
    alone = run(tmp_path / 'one', hook, processes=1, batch_size=4)[0]['state']
    moved = 0
    for name, value in first.items():
        assert torch.equal(value, second[name]), f'{name} differs by rank'
        torch.testing.assert_close(
            value, alone[name], rtol=1e-5, atol=1e-5, msg=name)
        if name.startswith('student.') and value.dim():
            partner = first[name.replace('student.', 'teacher.')]
            moved += int(not torch.equal(value, partner))
    assert moved > 10, 'student and teacher are the same: nothing was trained'


def test_processes_draw_for_themselves_and_agree(tmp_path):
    """Batch normalisation, ClassMix, jitter, dropout: as in a real run."""
    hook = dict(type='FSTHook', depth=1)
    first, second = run(tmp_path / 'two', hook, 2, 2, 'as-users-do')
    assert not torch.equal(first['mask'], second['mask'])
    for name, value in first['state'].items():
        torch.testing.assert_close(
            value, second['state'][name], rtol=0, atol=0, msg=name)
