"""A drawing that can be watched while it is made: previews come ahead of the result.

python streaming.py "a cat left of an apple" [HOST:PORT]
"""

import sys

from visgate_client import Progress, VisionClient


def main(prompt: str, server: str = "localhost:8001") -> None:
    """Draws, telling each step; saves previews and the drawing. Leaving the loop would cancel it in the server."""
    with VisionClient(server, timeout=120) as client:
        for item in client.stream("generate_image", prompt=prompt, steps=8, seed=1):
            if isinstance(item, Progress):
                print(f"step {item.step} of {item.of}")
                if item.image is not None:
                    item.image.save(f"preview_{item.step:02}.png")
            else:
                item.image.save("drawing.png")
                print(item.text)


if __name__ == "__main__":
    main(*sys.argv[1:3])
