"""Numbers and nouns."""
from mmseg_fst.utils.counts import counted


def test_one_is_singular():
    assert [counted(count, 'image') for count in (0, 1, 2)] == [
        '0 images', '1 image', '2 images']
