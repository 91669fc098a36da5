from visgate_server.models import detect_pose; from visgate_server.python_backend import serve
TritonPythonModel = serve(detect_pose.DetectPose)
