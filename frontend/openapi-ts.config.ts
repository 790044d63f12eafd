import { defineConfig } from "@hey-api/openapi-ts";

// The typed client, made from the API's own document (`make client`); nobody edits what it makes.
export default defineConfig({
  input: "openapi.json",
  output: "src/api/generated",
  plugins: [
    { name: "@hey-api/client-axios", runtimeConfigPath: "@/api/axios", throwOnError: true },
    "@hey-api/typescript",
    // The bearer is the axios instance's business.
    { name: "@hey-api/sdk", auth: false },
    "@tanstack/react-query",
  ],
});
