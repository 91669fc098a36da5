from visgate_server.models import object_editing; from visgate_server.stream_backend import serve_stream
TritonPythonModel = serve_stream(object_editing.ObjectEditing)
