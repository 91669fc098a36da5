from visgate_server.models import detect_faces; from visgate_server.python_backend import serve
TritonPythonModel = serve(detect_faces.DetectFaces)
