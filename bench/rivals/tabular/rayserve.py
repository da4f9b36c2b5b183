"""Ray Serve, batching as it offers it."""
import time

import numpy as np
import ray
from ray import serve

import predictor


@serve.deployment(num_replicas=1, max_ongoing_requests=2000)
class Tabular:
    def __init__(self, path):
        self.model = predictor.load(path)

    @serve.batch(max_batch_size=predictor.MOST, batch_wait_timeout_s=predictor.WAIT)
    async def run(self, rows):
        return [predictor.answer(s) for s in self.model(np.stack(rows))]

    async def __call__(self, request):
        return await self.run(predictor.row(await request.json()))


ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
serve.start(http_options={"host": "127.0.0.1", "port": predictor.PORT, "access_log": False})
serve.run(Tabular.bind(predictor.MODEL), route_prefix="/predict", logging_config={"enable_access_log": False, "log_level": "ERROR"})
print("ready", flush=True)
while True:
    time.sleep(60)
