"""tools/benchmark.py deploy: what it says of finished runs."""
import sys
from argparse import Namespace

import pytest
from fake_run import co_training_cfg, make_run
from helpers import REPOSITORY, network_cfg

from mmseg_fst.registry import MODELS
from mmseg_fst.utils.files import save_json

sys.path.insert(0, str(REPOSITORY / 'tools'))
from benchmarks import deploy  # noqa: E402


def rows_of(capsys, *runs, size=None):
    deploy.run(Namespace(runs=[*map(str, runs)], size=size, rounds=1))
    return [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in capsys.readouterr().out.splitlines()[2:]]


def test_runs_stand_side_by_side(tmp_path, capsys):
    """A student at half its native size; an ensemble of two, not scored."""
    single = make_run(
        tmp_path / 'single', steps=[dict(type='Resize', scale_factor=.5)],
        native_size=(64, 96))
    pair = make_run(tmp_path / 'pair', co_training_cfg(),
                    native_size=(32, 64))
    save_json(str(single / 'results.json'), dict(iterations={
        '2': {'student/mIoU': 40.26, 'teacher/mIoU': 50.},
        '4': {'student/mIoU': 40.}}))
    first, second = rows_of(capsys, single, pair)
    network = MODELS.build(network_cfg())
    count = sum(weight.numel() for weight in network.parameters())
    total = sum(value.numel() * value.element_size()
                for value in network.state_dict().values())
    assert first[:5] == [str(single), 'student', f'{count / 1e6:.2f} M',
                         f'{total / 1e6:.1f}', '32 x 48']
    assert first[6:8] == ['1.00', '40.3']
    assert second[1] == 'ensemble' and second[4] == '32 x 64'
    assert second[2] == f'{2 * count / 1e6:.2f} M' and second[7] == '-'
    assert float(first[5]) > 0 and float(second[6]) > 0


def test_the_size_can_be_given_and_must_be_known(tmp_path, capsys):
    folder = make_run(tmp_path / 'run')
    row, = rows_of(capsys, folder / 'iter_4.pth', size=[48, 32])
    assert row[4] == '48 x 32' and row[7] == '-'
    with pytest.raises(ValueError, match='give --size'):
        rows_of(capsys, folder)
