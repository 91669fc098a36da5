from visgate_server.models import detect_edges; from visgate_server.python_backend import serve
TritonPythonModel = serve(detect_edges.DetectEdges)
