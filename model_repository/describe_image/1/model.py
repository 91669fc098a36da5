from visgate_server.models import describe_image; from visgate_server.python_backend import serve
TritonPythonModel = serve(describe_image.DescribeImage)
