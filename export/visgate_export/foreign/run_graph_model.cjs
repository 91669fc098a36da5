// Runs one TF.js graph model, row by row, on raw tensors in files; started by tfjs_runtime.py with a job file.
//
// The job (JSON): library, wasmLibrary, wasmBinary, topology, shards [path], input {name, file, dtype, shape},
// outputs [{name, file}]. `shape` has the batch first; the model is run once for each row of it, and each output
// file receives the rows one after another as 32-bit numbers. Prints {"shapes": {output name: shape}} when done.
"use strict";

const fs = require("fs");
const Module = require("module");
const path = require("path");

/** TF.js's library with the WebAssembly backend registered in it. */
function loadLibrary(job) {
  const tf = require(job.library);
  // The backend asks for the core by its package name; the library holds the core, and it must be the same one.
  const resolve = Module._load;
  Module._load = function (request, ...rest) {
    return request === "@tensorflow/tfjs-core" ? tf : resolve.call(this, request, ...rest);
  };
  const backend = require(job.wasmLibrary);
  Module._load = resolve;
  backend.setWasmPaths(path.dirname(job.wasmBinary) + path.sep);
  return tf;
}

/** What tf.loadGraphModel wants to know about a model, read from files instead of addresses. */
function modelArtifacts(job) {
  const document = JSON.parse(fs.readFileSync(job.topology, "utf8"));
  const joined = Buffer.concat(job.shards.map((shard) => fs.readFileSync(shard)));
  return {
    modelTopology: document.modelTopology,
    weightSpecs: document.weightsManifest.flatMap((group) => group.weights),
    weightData: joined.buffer.slice(joined.byteOffset, joined.byteOffset + joined.byteLength),
    signature: document.signature,
    format: document.format,
  };
}

async function run(job) {
  const tf = loadLibrary(job);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (!(await tf.setBackend("wasm"))) {
    throw new Error("the WebAssembly backend of TF.js did not start");
  }
  const artifacts = modelArtifacts(job);
  const model = await tf.loadGraphModel({ load: async () => artifacts });
  const [rows, ...rowShape] = job.input.shape;
  const bytes = fs.readFileSync(job.input.file);
  const NumberArray = { int32: Int32Array, float32: Float32Array }[job.input.dtype];
  const values = new NumberArray(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const rowSize = values.length / rows;
  const files = job.outputs.map((output) => fs.openSync(output.file, "w"));
  const shapes = {};
  for (let row = 0; row < rows; row += 1) {
    const slice = values.subarray(row * rowSize, (row + 1) * rowSize);
    const input = tf.tensor(slice, [1, ...rowShape], job.input.dtype);
    const names = job.outputs.map((output) => output.name);
    const results = model.execute({ [job.input.name]: input }, names);
    const tensors = Array.isArray(results) ? results : [results];
    tensors.forEach((tensor, index) => {
      const data = tensor.dataSync();
      fs.writeSync(files[index], new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      shapes[names[index]] = [rows, ...tensor.shape.slice(1)];
    });
    tf.dispose([input, ...tensors]);
  }
  files.forEach((file) => fs.closeSync(file));
  return { shapes };
}

run(JSON.parse(fs.readFileSync(process.argv[2], "utf8"))).then(
  (report) => process.stdout.write(JSON.stringify(report)),
  (error) => {
    process.stderr.write(`${error.stack || error}\n`);
    process.exitCode = 1;
  },
);
