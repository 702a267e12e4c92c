// Raw rows to the inputs of model.onnx, by signature.json: what hagane.runtime.layout does in Python.
// ARRAY columns are left out here; their inputs are flat (see the table of inputs in that module).

const WHOLE = new Set(["INT64", "TIMESTAMP", "DATE", "BOOL"]);

function whole(type, value) {
  if (value == null) return 0n;
  if (type === "BOOL") return value ? 1n : 0n;
  if (type === "TIMESTAMP") return BigInt(Date.parse(value)) * 1000n; // ISO 8601 with Z or an offset, to the ms
  if (type === "DATE") return BigInt(Date.parse(value + "T00:00:00Z")) / 86400000n;
  return BigInt(value); // numbers beyond 2^53 as strings or BigInt
}

/** The feed for rows [{column: value}]; NULL is null or a field that is not there. */
export function pack(ort, signature, rows) {
  const columns = signature.inputs;
  const of = (test) => columns.filter(test).map((column) => column.name);
  const type = Object.fromEntries(columns.map((column) => [column.name, column.type]));
  const cells = (names, cell) => rows.flatMap((row) => names.map((name) => cell(row[name] ?? null, type[name])));
  const floats = of((c) => c.type === "FLOAT64");
  const wholes = of((c) => WHOLE.has(c.type));
  const strings = of((c) => c.type === "STRING");
  const nullable = of((c) => c.type !== "FLOAT64");
  const feed = {};
  const add = (name, kind, data, width) => {
    feed[name] = new ort.Tensor(kind, data, [rows.length, width]);
  };
  if (floats.length) add("packed.float64", "float64", Float64Array.from(cells(floats, (v) => v ?? NaN)), floats.length);
  if (wholes.length) add("packed.int64", "int64", BigInt64Array.from(cells(wholes, (v, t) => whole(t, v))), wholes.length);
  if (nullable.length) add("packed.validity", "bool", Uint8Array.from(cells(nullable, (v) => +(v != null))), nullable.length);
  if (strings.length > 16) add("packed.string", "string", cells(strings, (v) => v ?? ""), strings.length);
  else for (const name of strings) add("string." + name, "string", cells([name], (v) => v ?? ""), 1);
  return feed;
}

/** The model's answers: probabilities and predicted_label, or predicted_value and the bounds of its interval; row_error. */
export async function predict(ort, session, signature, rows) {
  const padding = Array.from({ length: (4 - (rows.length % 4)) % 4 }, () => rows[0]); // as the runtime pads its batches
  const found = await session.run(pack(ort, signature, [...rows, ...padding]));
  const answer = {};
  for (const name of session.outputNames) {
    const { data, dims } = found[name];
    answer[name] = data.slice(0, rows.length * (data.length / dims[0]));
  }
  return answer;
}
