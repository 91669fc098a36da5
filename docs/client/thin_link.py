"""A call over a thin link: pictures go and come as JPEG files, for about a tenth of the bytes.

python thin_link.py photo.jpg [HOST:PORT]
"""

import sys

from visgate_client import VisionClient


def main(picture: str, server: str = "localhost:8001") -> None:
    """Finds the objects in a picture, and its edges; saves both pictures."""
    with VisionClient(server, pictures="jpeg", picture_quality=85) as client:
        # A JPEG file goes as it is. What comes back as pixels was a JPEG on its way here.
        found = client.call("detect_objects", image=picture)
        print(found.text)
        found.save(".")
        # Edges mean something each: they come back without loss.
        client.call("detect_edges", image=picture).save(".")


if __name__ == "__main__":
    main(*sys.argv[1:3])
