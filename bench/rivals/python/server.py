"""The handler that one writes in Python: FastAPI, one torch call a message."""
import json
import sys

import torch
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

torch.set_num_threads(1)
model = torch.jit.load(sys.argv[1])
app = FastAPI()


@app.websocket("/ws/predict")
async def predict(socket: WebSocket):
    await socket.accept()
    try:
        while True:
            message = json.loads(await socket.receive_text())
            with torch.inference_mode():
                scores = model(torch.tensor([message["features"]]))[0]
                confidence, label = scores.max(0)
            await socket.send_text(json.dumps({
                "type": "prediction", "request_id": message["request_id"],
                "prediction": str(int(label)), "confidence": float(confidence),
            }))
    except WebSocketDisconnect:
        pass


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error", loop="uvloop", ws="websockets")
