// node validate_knative.mjs PACKAGES FILE: a Knative Service, as JSON, against the schema of its CRD.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [packages, file] = process.argv.slice(2);
const { Service } = createRequire(`${packages}/node_modules/`)("@kubernetes-models/knative/serving.knative.dev/v1/Service");
new Service(JSON.parse(readFileSync(file, "utf8"))).validate(); // throws where it does not fit
