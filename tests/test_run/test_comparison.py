"""Scores of several configs side by side."""
import json

import pytest

from mmseg_fst.apis import compare_runs


def write_run(root, name, networks, seed=0, protocol='whole', last=2,
              data='Streets'):
    """Write scores: of each network the IoU of road and pole.

    Args:
        root (Path): Folder of all runs.
        name (str): Name of the config.
        networks (dict[str, tuple]): By network the two IoU.
        seed (int): The seed.
        protocol (str): The protocol.
        last (int): Iteration of the validation, of 2.
        data (str): Name of the data.
    """
    folder = root / name / f'seed_{seed}'
    folder.mkdir(parents=True)
    iteration = str(last)
    (folder / 'results.json').write_text(json.dumps(dict(
        seed=seed, max_iters=2, protocol=protocol, data=dict(name=data),
        iterations={iteration: {
            f'{network}/mIoU': sum(ious) / 2
            for network, ious in networks.items()}},
        classes={iteration: {
            network: {
                'road': dict(IoU=ious[0], labeled=60., predicted=60.),
                'pole': dict(IoU=ious[1], labeled=40., predicted=40.),
                'boat': dict(IoU=None, labeled=0., predicted=0.)
            } for network, ious in networks.items()}})))
    return str(folder)


def table_rows(text):
    """Cells of the table, by class."""
    lines = [line.strip('| \n').split(' | ') for line in text.splitlines()
             if line.startswith('| ')]
    return {first: cells for first, *cells in lines}


def test_networks_are_compared_with_the_first_run(tmp_path):
    rows = table_rows(compare_runs([
        write_run(tmp_path, 'source', dict(student=(60., 0.))),
        write_run(tmp_path, 'fst', dict(student=(70., 5.),
                                        teacher=(59., 8.)))]))
    assert rows['class'] == ['source', 'fst, student', 'fst, teacher']
    assert rows['road'] == ['60.0', '70.0 (+10.0)', '59.0 (-1.0)']
    assert rows['pole'] == ['0.0', '5.0 (+5.0)', '8.0 (+8.0)']
    # Not in the labels.
    assert rows['boat'] == ['-', '-', '-']
    assert rows['mIoU'] == ['30.0', '37.5 (+7.5)', '33.5 (+3.5)']


def test_seeds_of_a_config_are_averaged(tmp_path):
    folders = [
        write_run(tmp_path, name, dict(student=(iou + seed, iou)), seed)
        for name, iou in (('source', 20.), ('fst', 30.)) for seed in (0, 2)
    ]
    rows = table_rows(compare_runs(folders))
    assert rows['road'] == ['21.0 ± 1.4', '31.0 ± 1.4 (+10.0)']


@pytest.mark.parametrize('other', [
    dict(protocol='windows'), dict(last=1), dict(data='CamVid'),
])
def test_what_does_not_compare_is_not_compared(tmp_path, other):
    folders = [
        write_run(tmp_path, 'source', dict(student=(60., 0.))),
        write_run(tmp_path, 'fst', dict(student=(70., 5.)), **other)
    ]
    assert compare_runs(folders) is None
    assert compare_runs(folders[:1]) is None


def test_configs_of_one_name_are_told_apart(tmp_path):
    rows = table_rows(compare_runs([
        write_run(tmp_path, f'{folder}/fst', dict(student=(60., 0.)))
        for folder in ('demo', 'uda')]))
    assert rows['class'] == ['demo/fst', 'uda/fst']
