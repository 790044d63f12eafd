import { setupServer } from "msw/node";

/** Stands in for the API; each test says what it answers, by `server.use`. */
export const server = setupServer();
