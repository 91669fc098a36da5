"""The same call with NVIDIA's own client and nothing of visgate: the protocol is all that is needed.

python plain_tritonclient.py photo.jpg [HOST:PORT]
"""

import json
import sys

import numpy as np
import tritonclient.grpc as triton
from PIL import Image

DTYPES = {"FP32": np.float32, "INT32": np.int32, "BOOL": np.bool_}


def find_tool(client: triton.InferenceServerClient, name: str) -> tuple[str, dict]:
    """Returns the model that offers a tool, and the tool, out of the models' configurations."""
    for model in client.get_model_repository_index().models:
        if model.state != "READY":
            continue
        parameters = client.get_model_config(model.name).config.parameters
        for tool in json.loads(parameters["tools"].string_value or "[]"):
            if tool["name"] == name:
                return model.name, tool
    raise SystemExit(f"no model offers {name}")


def tensor(entry: dict, value: object) -> triton.InferInput:
    """Makes an input of a value: pictures are UINT8 [1, H, W, 3], everything else is [1, 1]."""
    if entry["datatype"] == "UINT8":
        array = np.asarray(value, np.uint8)[np.newaxis]
    elif entry["datatype"] == "BYTES":
        array = np.array([[str(value).encode()]], np.object_)
    else:
        array = np.array([[value]], DTYPES[entry["datatype"]])
    made = triton.InferInput(entry["tensor"], list(array.shape), entry["datatype"])
    made.set_data_from_numpy(array)
    return made


def main(picture: str, server: str = "localhost:8001") -> None:
    """Finds the edges of a picture and saves them as edges.png."""
    with triton.InferenceServerClient(server) as client:
        model, tool = find_tool(client, "detect_edges")
        given = {"image": np.asarray(Image.open(picture).convert("RGB"))}
        inputs = []
        for entry in tool["inputs"]:
            if "constant" in entry:
                inputs.append(tensor(entry, entry["constant"]))
                continue
            # Every input is sent, defaults included: requests with different inputs are not batched together.
            schema = tool["parameters"]["properties"][entry["argument"]]
            value = given.get(entry["argument"], schema.get("default"))
            if value is not None:
                inputs.append(tensor(entry, value))
        outputs = [triton.InferRequestedOutput(output["tensor"]) for output in tool["outputs"]]
        answer = client.infer(model, inputs, outputs=outputs, client_timeout=30)
    kinds = {output["kind"]: output["tensor"] for output in reversed(tool["outputs"])}
    edges = answer.as_numpy(kinds["picture"])[0]
    Image.fromarray(edges[:, :, 0] if edges.shape[2] == 1 else edges).save("edges.png")
    print(answer.as_numpy(kinds["text"])[0, 0].decode())


if __name__ == "__main__":
    main(*sys.argv[1:3])
