"""See mmseg_fst/converters/dinov3_to_timm.py."""
from mmseg_fst.converters.dinov3_to_timm import main

if __name__ == '__main__':
    main()
