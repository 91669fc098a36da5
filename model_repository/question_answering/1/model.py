from visgate_server.models import question_answering; from visgate_server.python_backend import serve
TritonPythonModel = serve(question_answering.QuestionAnswering)
