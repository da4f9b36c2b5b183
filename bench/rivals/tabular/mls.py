"""MLServer, batching as it offers it, by the V2 inference protocol."""
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

import predictor


class Tabular(MLModel):
    async def load(self):
        self.model = predictor.load(predictor.MODEL)
        return True

    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0])
        scores = np.asarray(self.model(np.ascontiguousarray(rows, np.float32)))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("scores", scores.reshape(len(rows), -1))])
