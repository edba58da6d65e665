"""A stack of images: axes, channels, a band of rows at a time."""
