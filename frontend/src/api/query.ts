import { QueryClient } from "@tanstack/react-query";
import { problem } from "./errors";

/** The only cache of answers. What is shown stays while it is asked for anew; what can't succeed is not tried again. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => problem(error).passing && problem(error).status !== 429 && count < 2,
    },
    mutations: { retry: false },
  },
});
