// The host that the journeys are on: `make up` without make, on a folder that goes with it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [port] = process.argv.slice(2);
const root = new URL("../..", import.meta.url).pathname;
const data = mkdtempSync(join(tmpdir(), "ginnel-e2e-"));
const own = ["PATH", "HOME", "LANG", "TMPDIR"];
const host = spawn(join(root, ".venv/bin/python"), ["-m", "local.cli", "up", "--port", port, "--data", data], {
  cwd: root,
  stdio: ["ignore", "inherit", "inherit"],
  env: {
    // Nothing of the terminal's settings: the journeys are the same everywhere.
    ...Object.fromEntries(own.filter((name) => process.env[name]).map((name) => [name, process.env[name]])),
    PYTHONPATH: "functions:layers/common/python:.",
    ADMIN_EMAIL: "admin@example.com",
  },
});

for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => host.kill(signal));
host.on("exit", (code) => {
  rmSync(data, { recursive: true, force: true });
  process.exit(code ?? 1);
});
