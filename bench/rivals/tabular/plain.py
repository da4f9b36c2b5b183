"""FastAPI, one model call a request."""
import uvicorn
from fastapi import FastAPI, Request

import predictor

model = predictor.load(predictor.MODEL)
app = FastAPI()


@app.post("/predict")
async def predict(request: Request):
    return predictor.answer(model(predictor.row(await request.json())[None])[0])


uvicorn.run(app, host="127.0.0.1", port=predictor.PORT, log_level="error", loop="uvloop", http="httptools")
