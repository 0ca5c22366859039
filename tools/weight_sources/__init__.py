"""The sources of pretrained weights, and how to download them."""
