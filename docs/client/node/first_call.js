// A tool called from JavaScript, by the protocol alone: docs/protocol.md and kserve.proto are all there is to know.
//
//   npm install && node first_call.js [HOST:PORT]
//
// It draws a white square on black, asks for its edges and prints what came back as JSON.

import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const PROTO = path.join(path.dirname(fileURLToPath(import.meta.url)), "kserve.proto");
const { inference } = grpc.loadPackageDefinition(protoLoader.loadSync(PROTO, { keepCase: true, longs: Number }));

const SIDE = 64;
const LARGEST_MESSAGE = 2 ** 31 - 1;

function connect(address) {
  const client = new inference.GRPCInferenceService(address, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": LARGEST_MESSAGE,
    "grpc.max_send_message_length": LARGEST_MESSAGE,
  });
  const deadline = () => ({ deadline: Date.now() + 30_000 });
  const ask = (method) => (request) => promisify(client[method].bind(client))(request, deadline());
  return {
    index: ask("RepositoryIndex"),
    config: ask("ModelConfig"),
    infer: ask("ModelInfer"),
    close: () => client.close(),
  };
}

async function findTool(server, name) {
  const { models } = await server.index({ ready: true });
  for (const model of models) {
    const { config } = await server.config({ name: model.name });
    const tools = JSON.parse(config.parameters?.tools?.string_value ?? "[]");
    const tool = tools.find((offered) => offered.name === name);
    if (tool) return { model: model.name, tool };
  }
  throw new Error(`no model offers ${name}`);
}

function encode(datatype, value) {
  switch (datatype) {
    case "UINT8":
      return { shape: [1, value.height, value.width, 3], bytes: value.pixels };
    case "FP32": {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(value);
      return { shape: [1, 1], bytes };
    }
    case "INT32": {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value);
      return { shape: [1, 1], bytes };
    }
    case "BOOL":
      return { shape: [1, 1], bytes: Buffer.from([value ? 1 : 0]) };
    case "BYTES": {
      const text = Buffer.from(String(value));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return { shape: [1, 1], bytes: Buffer.concat([length, text]) };
    }
    default:
      throw new Error(`no tool sends ${datatype}`);
  }
}

function buildRequest(model, tool, given) {
  const request = { model_name: model, inputs: [], outputs: [], raw_input_contents: [] };
  for (const entry of tool.inputs) {
    const fallback = tool.parameters.properties[entry.argument]?.default;
    const value = entry.constant ?? given[entry.argument] ?? fallback;
    if (value === undefined) continue;
    const { shape, bytes } = encode(entry.datatype, value);
    request.inputs.push({ name: entry.tensor, datatype: entry.datatype, shape });
    request.raw_input_contents.push(bytes);
  }
  request.outputs = tool.outputs.map((output) => ({ name: output.tensor }));
  return request;
}

function whiteSquare() {
  const pixels = Buffer.alloc(SIDE * SIDE * 3);
  for (let y = SIDE / 4; y < (3 * SIDE) / 4; y++) {
    pixels.fill(255, (y * SIDE + SIDE / 4) * 3, (y * SIDE + (3 * SIDE) / 4) * 3);
  }
  return { width: SIDE, height: SIDE, pixels };
}

function readAnswer(tool, answer) {
  const result = {};
  answer.outputs.forEach((output, index) => {
    const { kind } = tool.outputs.find((declared) => declared.tensor === output.name);
    const bytes = answer.raw_output_contents[index];
    if (kind === "picture") result.picture = { shape: output.shape, bright: bytes.filter((value) => value > 127).length };
    if (kind === "text") result.text = bytes.subarray(4).toString();
    if (kind === "data") result.data = JSON.parse(bytes.subarray(4).toString());
  });
  return result;
}

const server = connect(process.argv[2] ?? "localhost:8001");
try {
  const { model, tool } = await findTool(server, "detect_edges");
  const answer = await server.infer(buildRequest(model, tool, { image: whiteSquare() }));
  console.log(JSON.stringify(readAnswer(tool, answer)));
} catch (error) {
  // error.code is a gRPC status: docs/protocol.md says which means what.
  console.error(`${error.code ?? ""} ${error.details ?? error.message}`);
  process.exitCode = 1;
} finally {
  server.close();
}
