"""Lists of image names."""
import pytest

from mmseg_fst.prepare.file_lists import find_names, is_list, read_names

IMAGES = {1: 'images/a/1.jpg', 2: 'images/b/1.jpg', 3: 'images/foto 3.v2.png'}


@pytest.mark.parametrize('name, text, part', [
    ('val.txt', 'x\n y z\n\n# no\n', 'validation'),
    ('val.lst', 'x\tlabels/x.png\ny z\tlabels/y.png', 'validation'),
    ('a.csv', 'x\ny z\n', 'validation'),
    ('a.csv', 'id,filename,split\n1,x,val\n2,y z,VAL\n3,w,train\n',
     'validation'),
    ('a.csv', 'name;split\nx;test\ny z;test\n', 'test'),
    ('a.tsv', 'image\tset\nx\ttrain\ny z\ttrain\n', 'training'),
    ('a.yaml', '- x\n- y z\n', 'test'),
    ('a.yml', 'Train: [q]\nval: [x, y z]\n', 'validation'),
    ('a.json', '{"labeled": ["q"], "unlabeled": ["x", "y z"]}', 'unlabeled'),
])
def test_names_of_a_part(name, text, part, tmp_path):
    (tmp_path / name).write_text(text)
    assert is_list(tmp_path / name)
    assert read_names(tmp_path / name, part) == ['x', 'y z']


@pytest.mark.parametrize('name, text, words', [
    ('a.txt', '', 'no image for test'),
    ('a.yaml', 'train: [q]', 'no key for test among train'),
    ('a.yaml', 'test: {a: 1}', 'no list of names'),
    ('a.yaml', 'a: [', 'not a list of images'),
    ('a.json', '{', 'not a list of images'),
    ('a.csv', 'name,split\nq,train\n', 'no image for test')])
def test_a_bad_list_is_named(name, text, words, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=rf'{name}.*{words}.*A list is'):
        read_names(tmp_path / name, 'test')


def test_a_missing_list(tmp_path):
    with pytest.raises(FileNotFoundError, match='no list .*a.txt'):
        read_names(tmp_path / 'a.txt', 'test')


@pytest.mark.parametrize('name, key', [
    ('images/a/1.jpg', 1), ('a/1.jpg', 1), ('a/1', 1), ('./a/1.png', 1),
    ('foto 3.v2', 3), ('foto 3.v2.png', 3), (r'images\b\1.jpg', 2),
    ('/images/b/1.jpg /labels/b/1.png', 2)])
def test_a_name_is_found_however_it_is_written(name, key, tmp_path):
    assert find_names([name], IMAGES, 'a.txt', tmp_path) == [key]
    assert find_names([str(tmp_path / name)], IMAGES, 'a.txt',
                      tmp_path) == [key] or not name[0].isalpha()


@pytest.mark.parametrize('name, words', [
    ('2', '1 names are not images of.*such as 2. Its images are images/a/1'),
    ('1', '1 names are each several images')])
def test_a_name_that_is_not_found(name, words, tmp_path):
    with pytest.raises(ValueError, match=f'a.txt: {words}'):
        find_names([name], IMAGES, 'a.txt', tmp_path)
