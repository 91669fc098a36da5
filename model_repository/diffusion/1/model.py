from visgate_server.models import diffusion; from visgate_server.stream_backend import serve_stream
TritonPythonModel = serve_stream(diffusion.Diffusion)
