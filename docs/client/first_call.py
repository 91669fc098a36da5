"""The first call: which tools are there, one of them called, its picture saved.

python first_call.py photo.jpg [HOST:PORT]
"""

import sys

from visgate_client import VisgateError, VisionClient


def main(picture: str, server: str = "localhost:8001") -> int:
    """Finds the edges of a picture and saves them as edges.png."""
    try:
        with VisionClient(server, timeout=30) as client:
            print("tools:", ", ".join(tool.name for tool in client.tools()))
            result = client.call("detect_edges", image=picture)
    except VisgateError as error:  # one root for everything that can go wrong; the message says what to do
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if result.image is not None:
        result.image.save("edges.png")
    print(result.text)
    print(f"{result.times.total_ms:.1f} ms in all, {result.times.compute_ms:.1f} ms of it in the model")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
