"""See mmseg_fst/converters/release_to_mmseg_fst.py."""
from mmseg_fst.converters.release_to_mmseg_fst import main

if __name__ == '__main__':
    main()
