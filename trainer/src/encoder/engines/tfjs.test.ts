import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { engineContract } from "./engine-contract.ts";
import { newOrtEngine } from "./ort.ts";
import { newTfjsEngine } from "./tfjs.ts";

const open = async () => newTfjsEngine(tf, "TensorFlow.js, plain");

engineContract("TensorFlow.js on its CPU backend", open, () => newOrtEngine("cpu", { threads: 1 }));
