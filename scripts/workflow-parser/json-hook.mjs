// The parser imports JSON as bundlers allow it; Node wants `with { type: "json" }`. So JSON is given to it as a module.
import { readFile } from "node:fs/promises";

export async function load(url, context, next) {
  if (!url.endsWith(".json")) return next(url, context);
  const source = `export default ${await readFile(new URL(url), "utf8")};`;
  return { format: "module", shortCircuit: true, source };
}
