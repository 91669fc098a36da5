from visgate_server.models import person_mask; from visgate_server.python_backend import serve
TritonPythonModel = serve(person_mask.PersonMask)
