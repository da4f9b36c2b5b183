"""LitServe, batching as it offers it."""
import litserve
import numpy as np

import predictor


class Tabular(litserve.LitAPI):
    def setup(self, device):
        self.model = predictor.load(predictor.MODEL)

    def decode_request(self, request):
        return predictor.row(request)

    def batch(self, rows):
        return np.stack(rows)

    def predict(self, rows):
        return self.model(rows)

    def unbatch(self, scores):
        return list(scores)

    def encode_response(self, scores):
        return predictor.answer(scores)


if __name__ == "__main__":
    api = Tabular(max_batch_size=predictor.MOST, batch_timeout=predictor.WAIT)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=predictor.PORT, num_api_servers=1, log_level="error", generate_client_file=False)
