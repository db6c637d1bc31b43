// Parses workflows and action.yml files with GitHub's own parser; prints what it finds wrong.
import { readFile } from "node:fs/promises";
import { createRequire, register } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

register("./json-hook.mjs", import.meta.url);
const dist = new URL("./", pathToFileURL(createRequire(`${process.cwd()}/`).resolve("@actions/workflow-parser/package.json")));
console.log(dist);
