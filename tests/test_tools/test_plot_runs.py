"""tools/plot_runs.py plots logged values of runs."""
import json
from pathlib import Path

import cv2
import pytest
from matplotlib.figure import Figure

from mmseg_fst.commands import start
from mmseg_fst.report.logged_values import plot_run, read_scalars, smooth


def log(folder: Path, entries: list) -> None:
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(
        '\n'.join(json.dumps(entry) for entry in entries))


@pytest.fixture
def run_folder(tmp_path):
    run = tmp_path / 'cps'
    log(run / 'seed_0/1/vis_data', [
        dict(step=10, agreement=.5), dict(step=20, agreement=.1)])
    log(run / 'seed_0/2/vis_data', [  # resumed at 10
        dict(step=20, agreement=.7), {'step': 20, 'student/mIoU': 3.}])
    log(run / 'seed_1/1/vis_data', [dict(step=10, agreement=.7)])
    return run


def test_seeds_are_grouped_and_resumed_iterations_count_once(run_folder):
    scalars = read_scalars(run_folder, 'agreement')
    assert scalars == {10: [.5, .7], 20: [.7]}
    assert read_scalars(run_folder / 'seed_1', 'agreement') == {10: [.7]}
    assert read_scalars(run_folder, 'student/mIoU') == {20: [3.]}


def test_smoothing_averages_the_last_entries():
    assert smooth([1., 3., 5.], 2) == [1., 2., 4.]


@pytest.mark.parametrize('count', [1, 2])
def test_a_single_value_is_visible(count, tmp_path):
    """It has no line."""
    figure = Figure()
    axes = figure.subplots()
    axes.set_axis_off()
    plot_run(axes, {10 * step: [.5] for step in range(count)}, 1, 'run')
    figure.savefig(tmp_path / 'curve.png')
    assert cv2.imread(str(tmp_path / 'curve.png')).std() > 0


def test_an_image_is_written(run_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        start('plot-runs', [str(run_folder), *arguments])

    run('--key', 'agreement', '--out', 'agreement.png')
    image = cv2.imread(str(tmp_path / 'agreement.png'))
    assert image.std() > 1
    with pytest.raises(SystemExit, match='scalars.json'):
        run('--key', 'agreemnt')
    assert not (tmp_path / 'curves.png').exists()
    log(tmp_path / 'short/debug/1/vis_data', [dict(step=1, agreement=.5)])
    run(str(tmp_path / 'short'), '--key', 'agreement')
    assert 'short only has a debug run' in capsys.readouterr().out
