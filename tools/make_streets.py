"""Generate the data set 'streets': mmseg-fst make-streets, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('make-streets')
