// The thread that owns models and taxonomies: a long computation here never delays a key stroke in the server.
import { parentPort } from "node:worker_threads";
import { openModel } from "@tagwright/model";
import { loadTaxonomy } from "@tagwright/taxonomy";
import { describe } from "./guard.ts";
import { closeMessage, type WorkerEvent, type WorkerReply, type WorkerRequest } from "./model/worker-messages.ts";
import { createService } from "./model/worker-service.ts";

const service = createService({
  openModel,
  loadTaxonomy,
  onEvent: (event: WorkerEvent) => parentPort?.postMessage(event),
});

parentPort?.on("message", async (message: WorkerRequest | typeof closeMessage) => {
  // Ends this thread, not the process.
  if (message === closeMessage) process.exit(0);
  const { id, operation, params } = message;
  let reply: WorkerReply;
  try {
    reply = { id, ok: true, result: await service(operation, params) };
  } catch (error) {
    reply = { id, ok: false, message: describe(error) };
  }
  parentPort?.postMessage(reply);
});
