"""A trained model in use: in Python, on files, as ONNX, and for a competition."""
