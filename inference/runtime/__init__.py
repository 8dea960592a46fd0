"""Model packages, ONNX Runtime sessions, window plans and detections."""
