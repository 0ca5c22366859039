"""tools/benchmark.py step prints its measurements."""
import itertools
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from helpers import REPOSITORY, network_cfg
from mmengine.registry import init_default_scope

from mmseg_fst.registry import MODELS

sys.path.insert(0, str(REPOSITORY / 'tools'))
from benchmarks.step_rows import METHODS  # noqa: E402
from benchmarks.step_table import spread  # noqa: E402
from benchmarks.stepper import PassClock  # noqa: E402

TOOL = REPOSITORY / 'tools/benchmark.py'


def benchmark(*arguments):
    return subprocess.run([sys.executable, str(TOOL), *arguments],
                          capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.full  # test_step.py counts them in CI
def test_passes_of_the_methods_are_counted(tmp_path):
    """Reuse saves passes of the student; counts come from the networks."""
    script = tmp_path / 'peer.py'
    script.write_text("print('warm'); print('{\"seconds\": [7, 9, 8]}')")
    done = benchmark('step', '--only', 'K=1', '--rounds', '1', '--crop', '64',
                     '--no-memory', '--beside', str(script))
    assert done.returncode == 0, done.stderr
    assert f'{script}: 8.000 s (7.000-9.000), ' in done.stdout
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
        for cells in (line.split('|') for line in done.stdout.splitlines())
        if len(cells) > 2
    }
    passes = {name: cells[5] for name, cells in rows.items()}
    assert passes == {
        'step': 'student, teacher, encoder',
        '---': '---',
        'mean teacher': '2, 1, 1',
        'FST K=1, no reuse': '4, 2, 2',
        'FST K=1, gradient reused': '3, 2, 1',
        'FST K=1, graph reused': '2, 2, 1',
    }
    assert rows['mean teacher'][1] == '1.00 (1.00-1.00)'
    assert rows['FST K=1, gradient reused'][2].startswith('S + 2M + 2T + I = ')


def test_arithmetic_agrees_with_the_number_of_passes():
    """Reusing the graph of the mixed pass saves one forward pass."""
    for row in METHODS:
        steps = 1 + row.hook.get('depth', 0)
        reused = steps > 1 and row.hook.get('reuse', True)
        assert row.counts['S'] == steps - reused
        assert row.counts['M'] + row.counts['B'] == steps
        assert row.counts['B'] == (not row.hook.get('resample_mix', True))
        assert row.counts['T'] == steps
        assert row.counts['I'] == (1 if reused else steps)


def test_pass_clock_times_only_forward_and_backward(monkeypatch):
    """All patches and hooks are removed afterwards."""
    torch.manual_seed(0)
    init_default_scope('mmseg_fst')
    network = MODELS.build(network_cfg())
    model = SimpleNamespace(
        student=network, teacher=None, pretrained_encoder=None)
    # Each call of the clock returns one second more than the previous call.
    monkeypatch.setattr('time.perf_counter', itertools.count().__next__)
    differentiate, image = torch.autograd.grad, torch.randn(2, 3, 32, 32)
    with PassClock(model) as clock:
        loss = network.decode_head(network.backbone(image)).square().mean()
        torch.autograd.grad(
            loss, network.backbone.parameters(), retain_graph=True)
        loss.backward()
    assert clock.seconds == 4
    assert torch.autograd.grad is differentiate
    network.backbone(image)
    assert clock.seconds == 4


def test_help_names_every_command():
    done = benchmark('--help')
    assert done.returncode == 0
    assert 'step' in done.stdout and 'interleaved' in done.stdout


@pytest.mark.parametrize('values, expected', [
    ([1., 3., 2.], '2.00 (1.00-3.00)'),
])
def test_spread_is_median_and_range(values, expected):
    assert spread(values) == expected
