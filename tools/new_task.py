"""Create a task from your own images: mmseg-fst new-task, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('new-task')
