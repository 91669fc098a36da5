from visgate_server.models import text_embedding; from visgate_server.python_backend import serve
TritonPythonModel = serve(text_embedding.TextEmbedding)
