import os

# ONNX Runtime reports its use to Microsoft unless it is told not to before its first import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
