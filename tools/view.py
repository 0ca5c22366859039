"""Try runs on photos in the browser: mmseg-fst view, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('view')
