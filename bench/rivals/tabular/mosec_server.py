"""mosec, batching as it offers it."""
import numpy as np
from mosec import Server, Worker

import predictor


class Tabular(Worker):
    def __init__(self):
        super().__init__()
        self.model = predictor.load(predictor.MODEL)

    def forward(self, messages):
        return [predictor.answer(s) for s in self.model(np.stack([predictor.row(m) for m in messages]))]


if __name__ == "__main__":
    server = Server()
    server.append_worker(Tabular, num=1, max_batch_size=predictor.MOST, max_wait_time=1)
    server.run()
