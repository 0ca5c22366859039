"""See mmseg_fst/converters/resnet_to_mmseg.py."""
from mmseg_fst.converters.resnet_to_mmseg import main

if __name__ == '__main__':
    main()
