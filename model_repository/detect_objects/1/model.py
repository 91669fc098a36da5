from visgate_server.models import detect_objects; from visgate_server.python_backend import serve
TritonPythonModel = serve(detect_objects.DetectObjects)
