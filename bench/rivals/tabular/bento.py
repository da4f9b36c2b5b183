"""BentoML, batching as it offers it."""
import bentoml
import numpy as np

import predictor


@bentoml.service(workers=1, traffic={"timeout": 30, "max_concurrency": 100000}, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Tabular:
    def __init__(self):
        self.model = predictor.load(predictor.MODEL)

    @bentoml.api(batchable=True, max_batch_size=predictor.MOST, max_latency_ms=10000)
    def predict(self, rows: np.ndarray) -> list[dict]:
        return [predictor.answer(s) for s in self.model(rows.astype(np.float32))]
