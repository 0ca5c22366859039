"""Finding images by a pattern of their paths."""
import pytest

from mmseg_fst.utils.file_patterns import find_by_pattern, walk_files


@pytest.fixture
def root(tmp_path):
    for name in ('images/a.jpg', 'images/sub/b.tiff', 'images/.hidden.jpg',
                 'images/notes.txt', 'labels/a_mask.PNG',
                 'labels/sub/b_mask.png'):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_images_alone(root):
    assert walk_files(root) == [
        'images/a.jpg', 'images/sub/b.tiff', 'labels/a_mask.PNG',
        'labels/sub/b_mask.png'
    ]


def test_two_patterns_pair(root):
    images = find_by_pattern(root, 'images/{name}.*', '--images')
    masks = find_by_pattern(root, 'labels/{name}_mask.*', '--masks')
    assert images == {(('name', 'a'), ): 'images/a.jpg',
                      (('name', 'sub/b'), ): 'images/sub/b.tiff'}
    assert images.keys() == masks.keys()


def test_further_words_stay_within_a_folder(root):
    found = find_by_pattern(root, '{kind}/{city}/{name}.*', '--images')
    assert set(found.values()) == {'images/sub/b.tiff',
                                   'labels/sub/b_mask.png'}
    assert (('city', 'sub'), ('kind', 'images'), ('name', 'b')) in found


def test_a_word_twice_is_the_same_text(root):
    (root / 'b').mkdir()
    (root / 'b' / 'b.png').touch()
    (root / 'b' / 'c.png').touch()
    found = find_by_pattern(root, '{name}/{name}.png', '--images')
    assert list(found.values()) == ['b/b.png']


@pytest.mark.parametrize('pattern, error, words', [
    ('images/*.jpg', ValueError, r'no \{name\}'),
    ('{0}{name}.*', ValueError, 'is not valid'),
    ('photos/{name}.*', FileNotFoundError, 'images/a.jpg.*--images'),
])
def test_a_pattern_without_images_is_explained(root, pattern, error, words):
    with pytest.raises(error, match=words):
        find_by_pattern(root, pattern, '--images')


def test_two_images_of_one_name(root):
    (root / 'images' / 'a.png').touch()
    with pytest.raises(ValueError, match='a.jpg and images/a.png.*--images'):
        find_by_pattern(root, 'images/{name}.*', '--images')


def test_no_folder(root):
    with pytest.raises(FileNotFoundError, match='no folder .*nowhere'):
        find_by_pattern(root / 'nowhere', '{name}.*', '--labeled')


def test_hidden_folders_are_skipped(root):
    for name in ('.ipynb_checkpoints/a.jpg', '__MACOSX/images/._a.jpg',
                 'images/._a.jpg'):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    assert len(walk_files(root)) == 4


@pytest.mark.parametrize('pattern', [
    'sub', 'images/sub', 'images/sub/', 'b.*', '*/b.tiff', 'images/sub/*'])
def test_excluded_files(root, pattern):
    found = find_by_pattern(root, 'images/{name}.*', '--images',
                            exclude=['other', pattern])
    assert list(found.values()) == ['images/a.jpg']
