from visgate_server.models import classify_image; from visgate_server.python_backend import serve
TritonPythonModel = serve(classify_image.ClassifyImage)
