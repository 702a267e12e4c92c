// node validate_knative.mjs PACKAGES FILE: a Knative Service, as JSON, against the schema of its CRD.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [packages, file] = process.argv.slice(2);
const place = "node_modules/@kubernetes-models/knative/serving.knative.dev/v1/Service.js";
const { Service } = await import(pathToFileURL(resolve(packages, place)));
new Service(JSON.parse(readFileSync(file, "utf8"))).validate(); // throws where it does not fit
