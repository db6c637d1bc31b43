// Parses workflows and action.yml files with GitHub's own parser, and prints what it finds wrong.
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { basename } from "node:path";

register("./json-hook.mjs", import.meta.url);
const { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } = await import("@actions/workflow-parser");
const { parseAction } = await import("@actions/workflow-parser/actions/action-parser");

let found = 0;
for (const name of process.argv.slice(2)) {
  const file = { name, content: await readFile(name, "utf8") };
  const isAction = basename(name) === "action.yml";
  const { context, value } = (isAction ? parseAction : parseWorkflow)(file, new NoOperationTraceWriter());
  if (value && !isAction) await convertWorkflowTemplate(context, value);
  for (const error of context.errors.getErrors()) {
    console.log(error.message); // names file, line and column
    found++;
  }
}
process.exitCode = found ? 1 : 0;
