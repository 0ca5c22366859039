"""Write pseudo-labels: mmseg-fst label-images, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('label-images')
