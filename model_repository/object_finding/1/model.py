from visgate_server.models import object_finding; from visgate_server.python_backend import serve
TritonPythonModel = serve(object_finding.ObjectFinding)
