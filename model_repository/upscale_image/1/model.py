from visgate_server.models import upscale_image; from visgate_server.python_backend import serve
TritonPythonModel = serve(upscale_image.UpscaleImage)
