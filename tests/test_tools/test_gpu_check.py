"""tools/gpu_check.sh: stages, their limits, and the JSON."""
import json
import sys
import time
from types import SimpleNamespace

import pytest
from helpers import REPOSITORY, load_tool

sys.path.insert(0, str(REPOSITORY / 'tools'))
gpu_check = load_tool('gpu_check.py')


def run_tool(monkeypatch, tmp_path, commands, *options):
    """Exit status and result with these commands in place of the stages."""
    out = tmp_path / 'check.json'
    monkeypatch.setattr(
        gpu_check, 'command_of', lambda stage, *_: [
            sys.executable, '-c', commands[stage]])
    monkeypatch.setattr('sys.argv', [
        'gpu_check.py', '--cpu', '--out', str(out), '--only', *commands,
        *options])
    with pytest.raises(SystemExit) as exit_:
        gpu_check.main()
    return exit_.value.code, json.loads(out.read_text())['stages']


def test_each_stage_is_reported(monkeypatch, tmp_path):
    """A failed stage does not end the others."""
    code, stages = run_tool(monkeypatch, tmp_path, dict(
        demo="raise SystemExit('out of memory')",
        float32='''print('{"fst_d": {"seconds": 2}}')''',
        waits=''))
    assert code == 1
    assert stages['demo']['status'] == 'failed'
    assert stages['demo']['output'] == ['out of memory']
    assert stages['float32']['status'] == 'passed'
    assert stages['float32']['fst_d'] == dict(seconds=2)
    assert stages['waits'] == dict(status='not run', reason='needs a GPU')


def test_all_stages_end_in_time(monkeypatch, tmp_path):
    start = time.monotonic()
    code, stages = run_tool(
        monkeypatch, tmp_path, dict(
            demo="import time; print('begun', flush=True); time.sleep(60)",
            float32=''), '--minutes', '0.03')
    assert code == 1 and time.monotonic() - start < 30
    assert stages['demo']['output'] == ['the time was over', 'begun']
    assert stages['float32']['status'] == 'not run'


def test_success_is_the_exit_status(monkeypatch, tmp_path):
    code, stages = run_tool(
        monkeypatch, tmp_path, dict(demo="print('mIoU 40')"))
    assert code == 0
    assert stages['demo']['scores'] == ['mIoU 40']


def test_without_a_gpu_it_says_so(monkeypatch):
    monkeypatch.setattr('sys.argv', ['gpu_check.py'])
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    with pytest.raises(SystemExit, match='--cpu'):
        gpu_check.main()


@pytest.mark.slow
@pytest.mark.parametrize('stage', [
    'float32', pytest.param('fast', marks=pytest.mark.full)])
def test_steps_are_measured(stage):
    rows = gpu_check.measure(
        SimpleNamespace(stage=stage, cpu=True, crop=64, rounds=1))
    assert list(rows) == ['mean_teacher', 'fst_d']
    assert rows['mean_teacher']['ratio'] == 1
    assert rows['fst_d']['ratio'] > 1.5
    assert rows['fst_d']['peak_megabytes'] is None
