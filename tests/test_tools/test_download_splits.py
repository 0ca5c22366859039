"""Downloading published splits from a local server."""
from urllib.parse import urlsplit

import pytest

from mmseg_fst.commands import start
from mmseg_fst.datasets.known_data import PUBLISHED_LISTS
from mmseg_fst.downloads import splits as downloaded

# From the papers: labeled images by family and data set.
COUNTS = dict(
    u2pl=dict(
        VOC2012=[92, 183, 366, 732, 1464, 662, 1323, 2646, 5291],
        cityscapes=[186, 372, 744, 1488]),
    stpp=dict(
        VOC2012=[92, 183, 366, 732, 1464, 331, 662, 1323, 2646],
        cityscapes=[100, 186, 372, 744, 1488]))
LINES = dict(
    u2pl=dict(
        VOC2012='{}', cityscapes='leftImg8bit/train/{}_leftImg8bit.png'),
    stpp=dict(
        VOC2012='JPEGImages/{0}.jpg SegmentationClass/{0}.png',
        cityscapes='leftImg8bit/train/{0}_leftImg8bit.png '
        'gtFine/train/{0}_gtFine_labelTrainIds.png'))
NAMES = dict(
    VOC2012=[f'2007_{index:06d}' for index in range(10582)],
    cityscapes=[f'ulm/ulm_{index:06d}_000019' for index in range(2975)])


@pytest.fixture
def tool(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(f'{name.upper()}_ROOT', raising=False)
    return downloaded


def place(tool, family, name, count, side):
    address, splits = tool.SPLITS[family]
    folder = splits[name][count]
    url = folder if '://' in folder else f'{address}/{folder}'
    return f'{urlsplit(url).path}/{side}.txt'


def text(family, name, names):
    return '\n'.join(LINES[family][name].format(image)
                     for image in names).encode()


@pytest.fixture
def published(tool, server):
    """All lists in their published format, without a final newline."""
    for family, by_data in COUNTS.items():
        for name, counts in by_data.items():
            for count in counts:
                for side, names in (('labeled', NAMES[name][:count]),
                                    ('unlabeled', NAMES[name][count:])):
                    where = place(tool, family, name, count, side)
                    server.files[where] = text(family, name, names)
    return server


def run(tool, server, root, *families):
    start('download', ['splits', *families, '--root', str(root), '--mirror',
                       server.url])


def test_the_table_agrees_with_the_papers(tool):
    assert tuple(tool.SPLITS) == tuple(COUNTS) == PUBLISHED_LISTS
    for family, (address, splits) in tool.SPLITS.items():
        assert {name: list(folders) for name, folders in splits.items()
                } == COUNTS[family]
        elsewhere = [
            folder for folders in splits.values()
            for folder in folders.values() if '://' in folder
        ]
        for url in (address, *elsewhere):
            commit = url.split('/')[5]  # pinned lists cannot change
            assert len(commit) == 40 and int(commit, 16)


def test_all_lists_are_converted_to_ids(tool, published, tmp_path, capsys):
    run(tool, published, tmp_path)
    for family, by_data in COUNTS.items():
        for name, counts in by_data.items():
            folder = tmp_path / name / 'splits' / family
            assert {path.name for path in folder.iterdir()
                    } == set(map(str, counts))
            for count in counts:
                both = [(folder / f'{count}/{side}.txt').read_text().split()
                        for side in ('labeled', 'unlabeled')]
                assert len(both[0]) == count
                assert sum(both, []) == NAMES[name]
    requests = len(published.sent)
    assert requests == 2 * 27
    run(tool, published, tmp_path, 'stpp')
    assert len(published.sent) == requests  # existing lists are not requested
    assert 'stpp/662: already there' in capsys.readouterr().out


def test_one_family_and_a_folder_from_the_environment(
        tool, published, tmp_path, monkeypatch):
    monkeypatch.setenv('CITYSCAPES_ROOT', str(tmp_path / 'elsewhere'))
    run(tool, published, tmp_path / 'data', 'stpp')
    assert (tmp_path / 'elsewhere/splits/stpp/100/labeled.txt').is_file()
    assert [path.name for path in (tmp_path / 'data').iterdir()] == [
        'VOC2012']
    assert [path.name for path in (tmp_path / 'elsewhere/splits').iterdir()
            ] == ['stpp']


@pytest.mark.parametrize('side, names, message', [
    ('labeled', slice(661), '661 images .*expected 662'),
    ('unlabeled', slice(662, 9000), 'expected 9920'),
    ('unlabeled', slice(661, 10581), '1 images are in both'),
])
def test_wrong_lists_are_refused(tool, published, tmp_path, side, names,
                                 message):
    where = place(tool, 'stpp', 'VOC2012', 662, side)
    published.files[where] = text('stpp', 'VOC2012', NAMES['VOC2012'][names])
    with pytest.raises(SystemExit, match=f'splits/pascal/1_16.*{message}'):
        run(tool, published, tmp_path, 'stpp')
    assert not (tmp_path / 'VOC2012/splits/stpp/662').exists()


def test_a_repeated_image_is_refused(tool, published, tmp_path):
    where = place(tool, 'u2pl', 'VOC2012', 92, 'labeled')
    names = NAMES['VOC2012'][:91] + NAMES['VOC2012'][:1]
    published.files[where] = text('u2pl', 'VOC2012', names)
    with pytest.raises(SystemExit, match=r'92 images \(91 different'):
        run(tool, published, tmp_path, 'u2pl')


def test_splits_of_other_images_are_refused(tool, published, tmp_path):
    where = place(tool, 'stpp', 'cityscapes', 100, 'labeled')
    names = ['ulm/other', *NAMES['cityscapes'][1:100]]
    published.files[where] = text('stpp', 'cityscapes', names)
    with pytest.raises(SystemExit, match='be of the same 2975 .*stpp/100'):
        run(tool, published, tmp_path)


def test_a_page_instead_of_a_list_is_refused(tool, published, tmp_path):
    where = place(tool, 'u2pl', 'VOC2012', 92, 'labeled')
    published.files[where] = b'<html>Sign in</html>'
    with pytest.raises(SystemExit, match='must be a list of images'):
        run(tool, published, tmp_path, 'u2pl')
    published.files.pop(where)
    with pytest.raises(SystemExit) as caught:
        run(tool, published, tmp_path, 'u2pl')
    folder = tmp_path / 'VOC2012/splits/u2pl/92'
    for part in ('92/labeled.txt', '404', f'{folder} by hand', '--mirror'):
        assert part in str(caught.value)


def test_lists_copied_by_hand_are_converted_to_ids(tool, published, tmp_path):
    folder = tmp_path / 'VOC2012/splits/stpp/92'
    folder.mkdir(parents=True)
    for side in ('labeled', 'unlabeled'):
        where = place(tool, 'stpp', 'VOC2012', 92, side)
        (folder / f'{side}.txt').write_bytes(published.files.pop(where))
    run(tool, published, tmp_path, 'stpp')
    assert (folder / 'labeled.txt').read_text().split() == (
        NAMES['VOC2012'][:92])


def test_a_damaged_list_on_disk_is_named(tool, published, tmp_path):
    run(tool, published, tmp_path, 'stpp')
    path = tmp_path / 'VOC2012/splits/stpp/662/labeled.txt'
    path.write_text(path.read_text()[:5000])
    with pytest.raises(SystemExit, match=r'stpp/662 \(remove it.*expected'):
        run(tool, published, tmp_path, 'stpp')


def test_an_unknown_family_is_an_error(tool, capsys):
    with pytest.raises(SystemExit):
        start('download', ['splits', 'cct'])
    assert 'u2pl, stpp' in capsys.readouterr().err
