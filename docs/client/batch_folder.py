"""A folder of pictures, many at once, with a progress bar; a picture that fails costs only itself.

python batch_folder.py photos/ edges/ [HOST:PORT]
"""

import asyncio
import sys
from pathlib import Path

from rich.progress import track

from visgate_client import AsyncVisionClient, Retries, VisgateError

AT_ONCE = 16  # the server makes batches of what waits: enough at once to fill one, not so many that its queue overflows
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


async def main(source: Path, target: Path, server: str = "localhost:8001") -> int:
    """Writes the edges of every picture in `source` to `target`; returns how many failed."""
    target.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in source.iterdir() if path.suffix.lower() in PICTURES)
    gate = asyncio.Semaphore(AT_ONCE)

    async with AsyncVisionClient(server, timeout=60, retries=Retries(attempts=6)) as client:

        async def convert(file: Path) -> str:
            async with gate:
                try:
                    result = await client.call("detect_edges", image=file)
                except VisgateError as error:
                    return f"{file.name}: {error}"
            await asyncio.to_thread(result.image.save, target / f"{file.stem}.png")
            return ""

        tasks = [asyncio.create_task(convert(file)) for file in files]
        complaints = [await task for task in track(asyncio.as_completed(tasks), "edges", total=len(tasks))]

    failures = [complaint for complaint in complaints if complaint]
    for complaint in failures:
        print(complaint, file=sys.stderr)
    print(f"{len(files) - len(failures)} of {len(files)} pictures written to {target}")
    return len(failures)


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:4])) else 0)
