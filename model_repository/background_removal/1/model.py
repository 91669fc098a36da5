from visgate_server.models import background_removal; from visgate_server.python_backend import serve
TritonPythonModel = serve(background_removal.BackgroundRemoval)
