from visgate_server.models import image_captioning; from visgate_server.python_backend import serve
TritonPythonModel = serve(image_captioning.ImageCaptioning)
