from visgate_server.models import soft_edges; from visgate_server.python_backend import serve
TritonPythonModel = serve(soft_edges.SoftEdges)
