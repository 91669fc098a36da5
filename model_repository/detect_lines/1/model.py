from visgate_server.models import detect_lines; from visgate_server.python_backend import serve
TritonPythonModel = serve(detect_lines.DetectLines)
