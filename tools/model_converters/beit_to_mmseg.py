"""See mmseg_fst/converters/beit_to_mmseg.py."""
from mmseg_fst.converters.beit_to_mmseg import main

if __name__ == '__main__':
    main()
