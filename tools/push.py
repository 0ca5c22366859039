"""Write a run for the Hugging Face Hub: mmseg-fst push, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('push')
