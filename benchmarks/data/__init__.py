"""The data: images, their split, their passport; data sets, file formats, and the cache of arrays."""
