from visgate_server.models import depth_estimation; from visgate_server.python_backend import serve
TritonPythonModel = serve(depth_estimation.DepthEstimation)
