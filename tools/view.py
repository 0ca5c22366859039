"""Try the networks of runs on photos: see mmseg_fst.commands.view."""
from mmseg_fst.commands.view import main

if __name__ == '__main__':
    main()
