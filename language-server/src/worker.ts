// The thread that owns models and taxonomies: a long computation here never delays a key stroke in the server.
import { parentPort, workerData } from "node:worker_threads";
import { openModel } from "@tagwright/model";
import { loadTaxonomy } from "@tagwright/taxonomy";
import { describe } from "./guard.ts";
import { closeMessage, type WorkerEvent, type WorkerReply, type WorkerRequest } from "./model/worker-messages.ts";
import { createService } from "./model/worker-service.ts";

/** Shared with the host, which lets the process end while this is 0. */
const busy: unknown = workerData;
const begin = () => {
  if (busy instanceof Int32Array) Atomics.add(busy, 0, 1);
};
const end = () => {
  if (busy instanceof Int32Array && Atomics.sub(busy, 0, 1) === 1) Atomics.notify(busy, 0);
};

/** Nothing is under way any more, whatever has begun: a thread that ends comes between two runs of an encoder. */
const rest = () => {
  if (!(busy instanceof Int32Array)) return;
  Atomics.store(busy, 0, 0);
  Atomics.notify(busy, 0);
};

const service = createService({
  openModel,
  loadTaxonomy,
  onEvent: (event: WorkerEvent) => parentPort?.postMessage(event),
});

parentPort?.on("message", async (message: WorkerRequest | typeof closeMessage) => {
  if (message === closeMessage) {
    rest();
    // Ends this thread, not the process.
    process.exit(0);
  }
  const { id, operation, params } = message;
  let reply: WorkerReply;
  begin();
  try {
    reply = { id, ok: true, result: await service(operation, params) };
  } catch (error) {
    reply = { id, ok: false, message: describe(error) };
  }
  parentPort?.postMessage(reply);
  end();
});
