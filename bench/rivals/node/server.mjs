// The handler that one writes in Node: ws, one onnxruntime call a message.
import { WebSocketServer } from "ws";
import ort from "onnxruntime-node";

const [model, port] = process.argv.slice(2);
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });

new WebSocketServer({ host: "127.0.0.1", port: Number(port), perMessageDeflate: false }).on("connection", (socket) => {
  socket.on("message", async (data) => {
    const message = JSON.parse(data.toString());
    const x = new ort.Tensor("float32", Float32Array.from(message.features), [1, message.features.length]);
    const scores = (await session.run({ x })).y.data;
    let best = 0;
    for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
    socket.send(JSON.stringify({
      type: "prediction", request_id: message.request_id, prediction: String(best), confidence: scores[best],
    }));
  });
});
