// Runs a bundle in onnxruntime-web's WebAssembly under node: bundle folder, batches of rows (JSON) → an answer each (JSON) on stdout.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , packages, snippet, folder, batchesFile] = process.argv;
const ort = createRequire(packages + "/")("onnxruntime-web/wasm");
const { predict } = await import(pathToFileURL(snippet).href);

ort.env.wasm.numThreads = 1;
const signature = JSON.parse(readFileSync(folder + "/signature.json", "utf8"));
const session = await ort.InferenceSession.create(readFileSync(folder + "/model.onnx"), {
  executionProviders: ["wasm"],
  graphOptimizationLevel: "disabled",
});
const plain = (value) => (typeof value === "bigint" ? Number(value) : value);
const answers = [];
for (const rows of JSON.parse(readFileSync(batchesFile, "utf8"))) {
  const answer = await predict(ort, session, signature, rows);
  answers.push(Object.fromEntries(Object.entries(answer).map(([name, data]) => [name, Array.from(data, plain)])));
}
console.log(JSON.stringify(answers));
