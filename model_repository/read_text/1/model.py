from visgate_server.models import read_text; from visgate_server.python_backend import serve
TritonPythonModel = serve(read_text.ReadText)
