"""An HTTP service of one's own in front of visgate: one client for the whole process, errors as HTTP statuses.

pip install fastapi uvicorn
VISGATE_SERVER=localhost:8001 uvicorn fastapi_service:app
curl --data-binary @photo.jpg localhost:8000/edges > edges.png
"""

import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from visgate_client import (
    ArgumentError,
    AsyncVisionClient,
    ConnectError,
    DeadlineError,
    Security,
    ServerBusyError,
    ServerLostError,
    VisgateError,
)

STATUSES = {
    ArgumentError: 422,
    ServerBusyError: 503,
    ConnectError: 503,
    ServerLostError: 502,
    DeadlineError: 504,
}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Holds one client for all requests: it keeps the connection, the shared memory and the tools' schemas."""
    server = os.environ.get("VISGATE_SERVER", "localhost:8001")
    async with AsyncVisionClient(server, security=Security.from_environment()) as client:
        app.state.vision = client
        yield


app = FastAPI(lifespan=lifespan)


@app.exception_handler(VisgateError)
async def tell(request: Request, error: VisgateError) -> JSONResponse:
    """Answers with the status of the error's cause; the message says what was wrong and what to do."""
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    headers = {"Retry-After": "1"} if status == 503 else {}
    return JSONResponse({"error": str(error)}, status, headers)


@app.post("/edges")
async def edges(request: Request) -> Response:
    """The edges of the picture in the body. A caller who hangs up cancels the call in the server."""
    result = await request.app.state.vision.call("detect_edges", image=await request.body(), timeout=10)
    png = io.BytesIO()
    result.image.save(png, "PNG")
    return Response(png.getvalue(), media_type="image/png", headers={"X-Compute-Ms": f"{result.times.compute_ms:.1f}"})


@app.get("/ready")
async def ready(request: Request) -> Response:
    """For the load balancer."""
    return Response(status_code=200 if await request.app.state.vision.is_ready(timeout=2) else 503)
