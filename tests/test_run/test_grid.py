"""Grids: what is run, what is skipped, and the table at the end."""
import csv
import json
import os
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from helpers import REPOSITORY
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_fst.apis import (
    load_config,
    plan_runs,
    read_config,
    read_grid,
    run_grid,
)
from mmseg_fst.registry import HOOKS
from mmseg_fst.run import grid as grid_module
from mmseg_fst.run.grid import Cell
from mmseg_fst.run.score_files import state_of
from mmseg_fst.run.tables import make_row
from mmseg_fst.utils.files import save_json

TABLES = sorted((REPOSITORY / 'configs').rglob('table_*.py'))


@pytest.mark.parametrize('path', TABLES, ids=lambda path: path.stem)
def test_a_grid_names_configs_that_are_there(path):
    grid = read_grid(str(path))
    assert grid.name == path.stem.removeprefix('table_') and grid.title
    assert len(set(grid.cells)) == len(grid.cells) > 1


@pytest.mark.parametrize('name, pattern', [
    ('ssl/table_voc', 'voc_*.py'),
    ('ssl/table_voc-stpp', 'voc-stpp_[rm]*.py'),
    ('ssl/table_voc-stpp_unimatch-v2', 'voc-stpp_dinov2*.py'),
    ('ssl/table_cityscapes', 'cityscapes_*.py'),
    ('ssl/table_cityscapes-stpp', 'cityscapes-stpp_[rm]*.py'),
    ('ssl/table_cityscapes-stpp_unimatch-v2', 'cityscapes-stpp_dinov2*.py'),
    *((f'ssl/table_{data}', f'{data}_*.py')
      for data in ('camvid-1_16', 'camvid-1_8', 'camvid-1_4', 'ccp-1_8',
                   'ccp-1_16')),
    ('uda/table_gta2cityscapes', 'gta2cityscapes_*.py'),
    ('uda/table_synthia2cityscapes', 'synthia2cityscapes_*.py'),
])
def test_a_grid_has_all_cells_of_its_task(name, pattern):
    path = REPOSITORY / 'configs' / f'{name}.py'
    named, elsewhere = names_of(path), set()
    for other in TABLES:
        elsewhere |= names_of(other) - named
    # Baselines of other folders may stand beside them.
    assert {name for name in named if fnmatch(name, pattern)
            and (path.parent / name).exists()} == {
        entry.name for entry in path.parent.glob(pattern)
        # Ablations: not as the others of their table train.
        if not entry.stem.endswith(('_clean', '_released'))
    } - elsewhere


def names_of(table):
    return {os.path.basename(entry.config)
            for entry in read_grid(str(table)).cells}


@pytest.mark.parametrize('name, count', [
    # Three networks by four methods, and seven more of DeepLabV3+.
    ('table_voc', 3 * (3 * 4 + 7)),
    ('table_voc-stpp', 5 * 6 + 2 + 5 + 5 * 2),
    ('table_voc-stpp_unimatch-v2', 5 * 2 * 2),
    ('table_voc-stpp_cct-ps-mt', 1 + 3 * 3),
    ('table_cityscapes', 3 * 11),
    ('table_cityscapes-stpp', 3 * 5),
    ('table_cityscapes-stpp_unimatch-v2', 3 * 2 * 2),
    ('table_cityscapes-stpp_ps-mt', 2 * 2 * 2),
    ('table_cityscapes-stpp_reco-ctt', 4 * 2 * 2),
])
def test_a_grid_has_the_published_partitions(name, count):
    cells = read_grid(str(REPOSITORY / f'configs/ssl/{name}.py')).cells
    assert len(cells) == count
    assert {cell.partition for cell in cells} == {
        'table_voc': {'662', '1323', '2646'},
        'table_voc-stpp': {'92', '183', '366', '732', '1464'},
        'table_voc-stpp_cct-ps-mt': {'662', '1323', '2646', '1464'},
        'table_cityscapes-stpp_ps-mt': {'372', '744'},
        'table_cityscapes-stpp_reco-ctt': {'100', '186', '372', '744'},
    }.get(name.removesuffix('_unimatch-v2'), {'186', '372', '744'})


# Rows of the tables in the README of Diverse Co-training, commit 9802131; the
# second table is on its project page.
README_ROWS = {
    'voc-original_r101-b3':
    'labels alone 321, ReCo 321, ST++ 321, 2-cps 321, 3-cps 321, '
    'labels alone 513, U2PL 512, PS-MT 512, 2-cps 513, 3-cps 513',
    'voc-original_r50-b2':
    '2-cps 321, labels alone 513, 2-cps 513, 3-cps 513',
    'voc-blended_r50-b2':
    'labels alone 321, ST++ 321, 2-cps 321, 3-cps 321, labels alone 513, '
    'U2PL 512, PS-MT 512, 2-cps 513, 3-cps 513',
    'voc-blended_r101-b3':
    'labels alone 321, CAC 321, CTT 321, ST++ 321, 2-cps 321, 3-cps 321, '
    'labels alone 513, MT 512, CCT 512, GCT 512, CPS 512, 3-CPS 512, '
    'CutMix 512, DSBN 769, ELN 512, PS-MT 512, AEL 513, U2PL 513, '
    '2-cps 513, 3-cps 513',
    'cityscapes_769':
    'labels alone 769, U2PL 769, ST++ 769, 2-cps 769, 3-cps 769, '
    'labels alone 769, U2PL 769, PS-MT 769, 2-cps 769, 3-cps 769'
}
# Rows of methods that are not built here.
PUBLISHED_ONLY = {'voc-blended_r101-b3': ['3-CPS 512']}


def read_page(name):
    """Rows of docs/tables.md for a grid: title, config and lists.

    A config trains the lists for which its row has a number.
    """
    page = (REPOSITORY / 'docs' / 'tables.md').read_text()
    section, = (text for text in page.split('\n## ')
                if f'table_{name}.py' in text and '| method |' in text)
    for line in re.findall(r'^\| (.*) \|$', section, re.M):
        cells = re.split(r' ?\| ?', line)
        if cells[0] == 'method':
            head = cells
        else:
            row = dict(zip(head, cells))
            config = re.fullmatch(r'`([\w-]+)`', row['config'])
            assert config or '*published only*' in row['config']
            yield (f'{row["method"]} {row["crop"]}', config and config[1],
                   [key for key, value in row.items() if key.isdigit()
                    and re.fullmatch(r'\d+\.\d', value)])


@pytest.mark.parametrize('name', README_ROWS)
def test_a_grid_of_diverse_co_training_is_its_table(name):
    rows = list(read_page(name))
    assert all(lists for _, _, lists in rows)
    titles = [title for index, (title, _, _) in enumerate(rows)
              if not index or title != rows[index - 1][0]]
    assert titles == README_ROWS[name].split(', ')
    assert [title for title, config, _ in rows if not config] == (
        PUBLISHED_ONLY.get(name, []))
    grid = read_grid(str(
        REPOSITORY / 'configs' / 'co_training' / f'table_{name}.py'))
    assert [(Path(cell.config).stem, cell.partition)
            for cell in grid.cells] == [
        (config, labels) for _, config, lists in rows if config
        for labels in lists]


@pytest.mark.parametrize('text, error, message', [
    (None, FileNotFoundError, 'no grid'),
    ("configs = ['a.py']", ValueError, 'no `title`'),
    ("title = 'x'", ValueError, 'no `configs`'),
    ("title = 'x'\nconfigs = ['b.py']", FileNotFoundError, 'no .*b.py'),
    ("title = 'x'\nconfigs = [dict(config='table_x.py', part=1)]", ValueError,
     "part.*must be 'FILE.py' or dict"),
    ("title = 'x'\nconfigs = ['table_x.py', dict(config='table_x.py')]",
     ValueError, 'table_x is named twice'),
    ("title = 'x'\nconfigs = [dict(config='table_x.py', options={'a': 1})]",
     ValueError, 'needs both `name`'),
    ("title = 'x'\nconfigs = [dict(config='table_x.py', name='a/b', "
     "options={'a': 1})]", ValueError, 'of letters, digits'),
])
def test_a_wrong_grid_is_named(tmp_path, text, error, message):
    path = tmp_path / 'table_x.py'
    if text is not None:
        path.write_text(text)
    with pytest.raises(error, match=message):
        read_grid(str(path))


def write_results(folder, score, iteration=4, max_iters=4, seed=0):
    """As a run does."""
    os.makedirs(folder, exist_ok=True)
    content = dict(
        seed=seed, max_iters=max_iters, protocol='whole',
        iterations={str(iteration): {'student/mIoU': score}})
    with open(os.path.join(folder, 'results.json'), 'w') as file:
        json.dump(content, file)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A grid of two configs, one of which samples its split."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('SPLIT_SEED', raising=False)
    (tmp_path / 'a.py').write_text('train_cfg = dict(max_iters=4)\n')
    (tmp_path / 'b.py').write_text(
        "train_cfg = dict(max_iters=4)\nsplit = 'x{{$SPLIT_SEED:0}}'\n")
    (tmp_path / 'table_t.py').write_text(
        "title = 'Both'\nconfigs = ['a.py', 'b.py']\n")
    yield tmp_path
    assert 'SPLIT_SEED' not in os.environ


def test_split_follows_the_seed_and_names_the_folder(place):
    runs = plan_runs([Cell('a.py'), Cell('b.py')], [0, 1], 'run')
    assert [run.work_dir for run in runs] == [
        'work_dirs/a/seed_0', 'work_dirs/a/seed_1', 'work_dirs/b/seed_0',
        'work_dirs/b/seed_1_split-1'
    ]
    assert [run.split for run in runs] == ['', '', '0', '1']
    runs = plan_runs([Cell('b.py')], [0, 1], 2)
    assert [run.work_dir for run in runs] == [
        'work_dirs/b/seed_0_split-2', 'work_dirs/b/seed_1_split-2'
    ]


def test_states(place):
    assert state_of('r', 4) == 'new'
    (place / 'r' / 'stage_1').mkdir(parents=True)
    (place / 'r' / 'stage_1' / 'last_checkpoint').write_text('x')
    assert state_of('r', 4) == 'unfinished'
    write_results('r', 1., iteration=2)
    assert state_of('r', 4) == 'unfinished'
    write_results('r', 1.)
    assert state_of('r', 4) == 'finished'
    assert state_of('r', 8) == 'unfinished'
    path = place / 'r' / 'results.json'
    content = dict(json.loads(path.read_text()), max_iters=8)
    save_json(path, content)
    assert state_of('r', 8) == 'unfinished'
    save_json(path, dict(content, stopped_early=True))
    assert state_of('r', 8) == 'finished'
    write_results('r', 1.)
    with pytest.raises(ValueError, match='r holds a run of 4 iterations'):
        state_of('r', 2)


def test_a_grid_skips_goes_on_and_keeps_a_table(place, capsys):
    grid = read_grid('table_t.py')
    write_results('work_dirs/a/seed_0', 40.)
    runs = plan_runs(grid.cells, [0, 1])
    started = []

    def start(run):
        started.append((run.config, run.seed))
        if (run.config, run.seed) == ('b.py', 0):
            return False
        write_results(run.work_dir, 44. + run.seed, seed=run.seed)
        return True

    assert run_grid(grid, runs, start) == 1
    assert started == [('a.py', 1), ('b.py', 0), ('b.py', 1)]
    said = capsys.readouterr().out
    assert 'run 1 of 4: a, seed 0: is finished, skipped' in said
    assert 'run 3 of 4: b, seed 0, split 0: new; 2 to go, about 0:00' in said
    assert 'Failed: b, seed 0' in said
    table = (place / 'work_dirs/tables/t.md').read_text()
    assert table.startswith('# Both\n\nProtocol: whole\n')
    assert '| a | 4 | 2 | - | 42.5 ± 3.5 |' in table
    assert '| b, split 0 | 4 | 1 | - | 45.0 |' in table
    with open('work_dirs/tables/t.csv') as file:
        rows = list(csv.DictReader(file))
    assert [row['run'] for row in rows] == ['a', 'b']
    assert rows[0]['seeds'] == '0 1' and rows[1]['seeds'] == '1'
    assert float(rows[0]['student_last_std']) == pytest.approx(3.5355)
    assert rows[1]['student_last_std'] == ''
    assert 'teacher_last_mean' not in rows[0]  # none has a teacher
    assert rows[1]['split'] == '0' and rows[0]['split'] == ''


def test_stages_count_as_one_run(place):
    for folder, seconds in (('r', 6.), ('r/stage_1', 3.), ('r/stage_2', 6.)):
        write_results(folder, 40.)
        log = place / folder / 'now' / 'vis_data' / 'scalars.json'
        log.parent.mkdir(parents=True)
        log.write_text(json.dumps(dict(lr=.1, time=seconds)))
    row = make_row('r', ['r'])
    assert row.iterations == {12}
    assert row.minutes == [pytest.approx(4 * 15 / 60)]


def test_what_cannot_begin_fails_alone(place, monkeypatch, capsys):
    def load(config, *args, **kwargs):
        if config == 'a.py':
            raise FileNotFoundError('no data')
        return Config(dict(train_cfg=dict(max_iters=4), work_dir='w'))

    monkeypatch.setattr(grid_module, 'load_config', load)
    grid = read_grid('table_t.py')
    runs = plan_runs(grid.cells, [0])
    assert run_grid(grid, runs, lambda run: True) == 1
    assert 'a, seed 0: cannot begin. FileNotFoundError: no data' in (
        capsys.readouterr().out)
    table = (place / 'work_dirs/tables/t.md').read_text()
    assert 'Protocol: not run yet' in table


def test_a_run_may_start_from_one_before_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'first.py').write_text('train_cfg = dict(max_iters=4)\n')
    (tmp_path / 'second.py').write_text(
        "_base_ = './first.py'\n"
        "load_from = 'work_dirs/first/{run}/iter_4.pth'\n")
    first, second = Cell('first.py'), Cell('second.py')
    runs = plan_runs([first, second], seeds=[0, 1])
    assert {run.state for run in runs} == {'new'}
    alone, = plan_runs([second], seeds=[1])
    assert alone.state == 'failed' and 'first/seed_1/iter_4' in alone.error
    backwards = plan_runs([second, first], seeds=[0])
    assert [run.state for run in backwards] == ['failed', 'new']


def test_a_short_run_may_start_from_one_before_it(tmp_path, monkeypatch,
                                                  caplog):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'first.py').write_text(
        'train_cfg = dict(max_iters=4)\n'
        'default_hooks = dict(logger=dict(), checkpoint=dict())\n'
        'train_dataloader = val_dataloader = dict(dataset=dict())\n')
    (tmp_path / 'second.py').write_text(
        "_base_ = './first.py'\nload_from = 'work_dirs/first/{run}'\n")
    runs = plan_runs([Cell('first.py'), Cell('second.py')], [0], debug=True)
    assert [run.work_dir for run in runs] == [
        'work_dirs/first/debug', 'work_dirs/second/debug']
    assert {run.state for run in runs} == {'new'}


def test_partitions_have_rows_and_folders_to_themselves(tmp_path,
                                                        monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'c.py').write_text("""
partitions = {'2': dict(labeled=2, unlabeled=40),
              '4': dict(labeled=4, unlabeled=20)}
partition = '2'
epochs = dict(count=3, processes=2)
train_cfg = dict()
param_scheduler = []
default_hooks = dict(checkpoint=dict())
train_dataloader = dict(batch_size=1, dataset=dict(
    sides=dict(labeled=dict(ann_file='lists/{partition}.txt'),
               unlabeled=dict())))
""")
    (tmp_path / 'table_p.py').write_text(
        "title = 'P'\nconfigs = [\n"
        "    dict(config='c.py', partition=name) for name in (2, '4')]\n")
    grid = read_grid('table_p.py')
    write_results('work_dirs/c_4/seed_0', 40., iteration=30, max_iters=30)
    runs = plan_runs(grid.cells, [0])
    assert [run.work_dir for run in runs] == [
        'work_dirs/c_2/seed_0', 'work_dirs/c_4/seed_0']
    started = []

    def start(run):
        started.append((run.config, run.partition))
        write_results(run.work_dir, 30., iteration=60, max_iters=60)
        return True

    assert run_grid(grid, runs, start) == 0
    assert started == [('c.py', '2')]
    table = (tmp_path / 'work_dirs/tables/p.md').read_text()
    assert '| c_2 | 60 | 1 | - | 30.0 |' in table
    assert '| c_4 | 30 | 1 | - | 40.0 |' in table


def test_rows_change_their_config_in_their_own_folders(place):
    """The command line wins over a row."""
    (place / 'a.py').write_text(
        'train_cfg = dict(max_iters=4)\nvalue = dict(x=1, y=1)\n'
        'uses = [value]\n')
    (place / 'table_r.py').write_text(
        "title = 'R'\nconfigs = ['a.py'] + [\n"
        "    dict(config='a.py', name=f'x{x}', options={\n"
        "        'train_cfg.max_iters': x}) for x in (2, 8)]\n")
    grid = read_grid('table_r.py')
    assert list(map(str, grid.cells)) == ['a', 'a_x2', 'a_x8']
    runs = plan_runs(grid.cells, [0, 3])
    assert [run.work_dir for run in runs] == [
        f'work_dirs/{name}/seed_{seed}'
        for name in ('a', 'a_x2', 'a_x8') for seed in (0, 3)]
    started = []

    def start(run):
        started.append((str(run), run.name, run.options))
        count = run.options.get('train_cfg.max_iters', 4)
        write_results(run.work_dir, 10. * count, iteration=count,
                      max_iters=count)
        return True

    assert run_grid(grid, runs, start) == 0
    assert started[4] == (
        'a_x8, seed 0', 'x8', {'train_cfg.max_iters': 8})
    table = (place / 'work_dirs/tables/r.md').read_text()
    assert '| a_x2 | 2 | 2 | - | 20.0 ± 0.0 |' in table
    assert '| a_x8 | 8 | 2 | - | 80.0 ± 0.0 |' in table
    assert {run.state for run in plan_runs(grid.cells, [0, 3])} == {
        'finished'}
    changed = plan_runs(grid.cells[1:2], [0], options={
        'train_cfg.max_iters': 4})
    assert changed[0].state == 'unfinished'  # of 4 iterations now


def test_a_debug_run_shortens_a_row_as_well(tmp_path, monkeypatch):
    """But not what the command line says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'first.py').write_text(
        'train_cfg = dict(max_iters=100)\n'
        'default_hooks = dict(logger=dict(), checkpoint=dict())\n'
        'train_dataloader = val_dataloader = dict(dataset=dict())\n')
    changes = {'train_cfg.max_iters': 200}
    for options, count in ((None, 4), ({'train_cfg.max_iters': 7}, 7)):
        cfg = load_config('first.py', options, debug=True, name='long',
                          changes=changes)
        assert cfg.train_cfg.max_iters == count
        assert cfg.work_dir == 'work_dirs/first_long/debug'
    assert load_config('first.py', changes=changes,
                       name='long').train_cfg.max_iters == 200


ANATOMY = [
    pytest.param(cell, id=f'{path.parent.name}-{cell.name}')
    for path in TABLES if path.stem == 'table_anatomy'
    for cell in read_grid(str(path)).cells if cell.name
]


@pytest.mark.parametrize('cell', ANATOMY)
def test_a_row_of_the_anatomy_is_a_config(cell):
    """Its hook can be built; its schedule ends with its iterations."""
    cfg = read_config(cell.config, cell.options)
    init_default_scope('mmseg_fst')
    hook, = map(HOOKS.build, cfg.custom_hooks)
    depth = re.search(r'-k(\d)', cell.name)
    if depth:
        assert hook.depth == int(depth[1])
    assert cfg.param_scheduler[-1].end == cfg.train_cfg.max_iters
    assert cfg.train_cfg.max_iters % cfg.train_cfg.val_interval == 0
    assert ('sgd' in cell.name) == (cfg.optim_wrapper.optimizer.type == 'SGD')


@pytest.mark.parametrize('config, name', [
    ('configs/own/tiles/fst.py', 'tiles/fst'),
    ('configs/demo/streets_fst.py', 'streets_fst'), ('fst.py', 'fst')])
def test_cells_of_own_tasks_name_the_task(config, name):
    assert str(Cell(config)) == name
