from visgate_server.models import segmentation; from visgate_server.python_backend import serve
TritonPythonModel = serve(segmentation.Segmentation)
