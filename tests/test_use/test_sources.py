"""What a user names, and the images found."""
import pytest

from mmseg_fst.apis import find_sources


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / 'photos'
    for name in ('b.jpg', 'a.PNG', 'sub/c.jpg', 'sub/d.mp4', '.hidden.jpg',
                 'notes.txt', 'out/labels/b.png'):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(pattern, without=None):
    return [source.name for source in find_sources(str(pattern), without)]


def test_a_folder_and_those_in_it_but_not_the_predictions(photos):
    assert names(photos, str(photos / 'out')) == [
        'a', 'b', 'sub/c', 'sub/d']
    assert 'out/labels/b' in names(photos)


def test_a_file(photos):
    source, = find_sources(str(photos / 'sub' / 'd.mp4'))
    assert source.name == 'd' and source.is_video
    source, = find_sources(str(photos / 'a.PNG'))
    assert source.name == 'a' and not source.is_video


@pytest.mark.parametrize('pattern, expected', [
    ('*.jpg', ['b']), ('s*/*', ['sub/c', 'sub/d']), ('sub/*', ['c', 'd']),
    ('**/*.jpg', ['b', 'sub/c'])
])
def test_a_pattern_names_from_where_it_begins(photos, pattern, expected):
    assert names(photos / pattern) == expected


def test_a_pattern_of_here(photos, monkeypatch):
    monkeypatch.chdir(photos)
    assert names('*.jpg') == ['b']
    assert names('b.jpg') == ['b']
    assert names('.', 'out') == ['a', 'b', 'sub/c', 'sub/d']


def test_files_that_differ_in_their_ending_have_it_in_their_name(photos):
    (photos / 'b.png').touch()
    assert names(photos, str(photos / 'out')) == [
        'a', 'b.jpg', 'b.png', 'sub/c', 'sub/d']


def test_names_with_spaces_and_other_letters(tmp_path):
    for name in ('foto 1.JPG', 'stra\u00dfe \u00fc.png', 'x.y.TIFF'):
        (tmp_path / name).touch()
    assert names(tmp_path) == ['foto 1', 'stra\u00dfe \u00fc', 'x.y']


@pytest.mark.parametrize('frame', ['sub/d/000001.jpg', 'sub/d/x/y.mp4'])
def test_a_video_and_files_in_a_folder_of_its_name_are_refused(photos, frame):
    """Their predictions could be one file."""
    (photos / frame).parent.mkdir(parents=True)
    (photos / frame).touch()
    with pytest.raises(ValueError, match=f'd.mp4 and of .*{frame}.*rename'):
        find_sources(str(photos))
    assert names(photos / 'sub' / 'd.mp4') == ['d']


def test_an_image_and_files_in_a_folder_of_its_name_are_not(photos):
    (photos / 'b').mkdir()
    (photos / 'b' / 'a.jpg').touch()
    assert names(photos / '**' / '*.jpg') == ['b', 'b/a', 'sub/c']


@pytest.mark.parametrize('pattern', ['nothing', 'sub/*.webp'])
def test_nothing_is_an_error(photos, pattern):
    with pytest.raises(FileNotFoundError, match=r'no image or video'):
        find_sources(str(photos / pattern))


def test_a_file_of_another_kind_is_refused(photos):
    with pytest.raises(ValueError, match='notes.txt'):
        find_sources(str(photos / 'notes.txt'))
