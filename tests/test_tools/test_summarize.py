"""The table of finished runs."""
import csv
import json
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / 'tools' / 'summarize.py'


def write_run(folder: Path, scores: list[float], seconds: list[float],
              protocol: str | None = None):
    """Write a run folder with validations at iterations 10, 20, ..."""
    log = folder / 'now' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    entries = [dict(lr=0.1, time=value) for value in seconds]
    entries.append(dict(time=99.0))  # of a validation
    log.write_text('\n'.join(map(json.dumps, entries)))
    iterations = {
        str(10 * (i + 1)): {'student/mIoU': score}
        for i, score in enumerate(scores)
    }
    content = dict(seed=0, max_iters=20, iterations=iterations)
    if protocol is not None:
        content['protocol'] = protocol
    (folder / 'results.json').write_text(json.dumps(content))


def test_mean_and_deviation_over_seeds(tmp_path, capsys, monkeypatch):
    write_run(tmp_path / 'fst' / 'seed_0', [50.0, 40.0], [3.0, 3.0, 9.0])
    write_run(tmp_path / 'fst' / 'seed_1', [41.0, 44.0], [6.0])
    write_run(tmp_path / 'fst' / 'seed_2', [99.0], [6.0])  # not finished
    monkeypatch.setattr('sys.argv', ['summarize.py', str(tmp_path / 'fst')])
    runpy.run_path(str(SCRIPT), run_name='__main__')
    last = capsys.readouterr().out.rstrip().splitlines()[-1]
    cells = [cell.strip() for cell in last.split('|')[1:-1]]
    # Last: 40 and 44; best: 50 and 44. 20 steps of 3 and of 6 seconds.
    assert cells == [
        'fst', '20', '2', '1.5', '42.0 ± 2.8', '47.0 ± 4.2'
    ]


def test_folder_without_runs_is_left_out(tmp_path, capsys, monkeypatch):
    (tmp_path / 'empty').mkdir()
    write_run(tmp_path / 'run' / 'seed_0', [1.0, 2.0], [3.0])
    monkeypatch.setattr('sys.argv', [
        'summarize.py', str(tmp_path / 'empty'), str(tmp_path / 'run')])
    runpy.run_path(str(SCRIPT), run_name='__main__')
    text = capsys.readouterr().out
    assert 'run' in text and 'empty' not in text


def test_each_protocol_has_a_separate_table(tmp_path, capsys, monkeypatch):
    names = dict(a='whole image', b='canvas', c='whole image', d=None)
    for name, protocol in names.items():
        write_run(tmp_path / name / 'seed_0', [1.0, 2.0], [3.0], protocol)
    monkeypatch.setattr(
        'sys.argv',
        ['summarize.py', *(str(tmp_path / name) for name in names)])
    runpy.run_path(str(SCRIPT), run_name='__main__')
    tables = capsys.readouterr().out.split('Protocol: ')[1:]
    rows = {
        table.splitlines()[0]: [
            line.split()[1] for line in table.rstrip().splitlines()[4:]
        ]
        for table in tables
    }
    assert rows == {
        'whole image': ['a', 'c'], 'canvas': ['b'], 'not recorded': ['d']
    }


def test_each_split_has_a_row_and_csv_has_numbers(tmp_path, capsys,
                                                  monkeypatch):
    for name, score in (('seed_0', 1.), ('seed_1', 2.),
                        ('seed_1_split-1', 8.)):
        write_run(tmp_path / 'a' / name, [9.0, score], [3.0])
    out = tmp_path / 'rows.csv'
    monkeypatch.setattr('sys.argv', ['summarize.py', str(tmp_path / 'a'),
                                     '--csv', str(out)])
    runpy.run_path(str(SCRIPT), run_name='__main__')
    lines = capsys.readouterr().out.rstrip().splitlines()[-2:]
    assert lines[0].startswith('| a | 20 | 2 |') and '1.5 ± 0.7' in lines[0]
    assert lines[1].startswith('| a, split 1 | 20 | 1 |')
    rows = list(csv.DictReader(out.open()))
    assert [row['split'] for row in rows] == ['', '1']
    assert [float(row['student_last_mean']) for row in rows] == [1.5, 8.]


def test_seeds_of_two_protocols_have_no_mean(tmp_path, monkeypatch):
    for seed, protocol in enumerate(['whole image', 'canvas']):
        write_run(tmp_path / 'a' / f'seed_{seed}', [1.0, 2.0], [3.0], protocol)
    monkeypatch.setattr('sys.argv', ['summarize.py', str(tmp_path / 'a')])
    with pytest.raises(SystemExit, match='seed_1: canvas'):
        runpy.run_path(str(SCRIPT), run_name='__main__')


def test_a_debug_run_alone_is_mentioned(tmp_path, capsys, monkeypatch):
    write_run(tmp_path / 'a' / 'seed_0', [1.0, 2.0], [3.0])
    write_run(tmp_path / 'b' / 'debug', [1.0, 2.0], [3.0])
    monkeypatch.setattr('sys.argv', [
        'summarize.py', str(tmp_path / 'a'), str(tmp_path / 'b')])
    runpy.run_path(str(SCRIPT), run_name='__main__')
    streams = capsys.readouterr()
    assert '| a |' in streams.out
    assert f'{tmp_path}/b only has a debug run: left out' in streams.err


def test_own_tasks_are_named_and_classes_shown(tmp_path, capsys, monkeypatch):
    """Their configs are all called supervised and fst."""
    runs = [tmp_path / 'own' / task / 'fst' for task in ('tiles', 'weeds')]
    for seed, crack in enumerate((0., 20.)):
        for run in runs:
            folder = run / f'seed_{seed}'
            write_run(folder, [1.0, 49.28], [3.0])
            path = folder / 'results.json'
            content = json.loads(path.read_text())
            content['classes'] = {'20': dict(student=dict(
                wall=dict(IoU=98.6, labeled=97., predicted=99.,
                          precision=90.),
                crack=dict(IoU=crack, labeled=3., predicted=crack,
                           precision=crack or None)))}
            path.write_text(json.dumps(content))
    monkeypatch.setattr('sys.argv', [
        'summarize.py', *map(str, runs), '--classes', 'precision'])
    runpy.run_path(str(SCRIPT), run_name='__main__')
    text = capsys.readouterr().out
    assert '| tiles/fst | 20 | 2 ' in text and '| weeds/fst | 20 | 2 ' in text
    assert text.count('49.3 ± 0.0 (IoU 0.0: crack)') == 4
    assert '| class | tiles/fst student | weeds/fst student |' in text
    assert '| wall | 90.0 ± 0.0 | 90.0 ± 0.0 |' in text
    assert '| crack | 20.0 | 20.0 |' in text


@pytest.mark.parametrize('name', [
    'make_streets.py', 'class_stats.py', 'summarize.py', 'train.py',
    'test.py', 'download_checkpoints.py', 'label_images.py',
    'rank_images.py', 'dct_stats.py', 'benchmark_dct.py',
    '../run_experiments.py',
    *(f'model_converters/{name}.py' for name in (
        'beit_to_mmseg', 'dinov2_to_timm', 'mit_to_mmseg',
        'mobilenetv2_to_timm', 'release_to_mmseg_fst', 'resnet_to_mmseg',
        'swin_to_mmseg'))
])
def test_every_tool_has_a_help(name, capsys, monkeypatch):
    script = SCRIPT.parent / name
    monkeypatch.setattr('sys.argv', [script.name, '--help'])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(script), run_name='__main__')
    assert stopped.value.code == 0
    assert 'usage' in capsys.readouterr().out
