import axios, { type InternalAxiosRequestConfig } from "axios";
import { problem } from "./errors";
import type { CreateClientConfig } from "./generated/client.gen";
import { current, end, refresh } from "./session";
import { workspace } from "./workspace";

/** Seconds before a token's end from which it is not used any more: a call may take some. */
const MARGIN = 10;

/** What the API says of a token that a new one may mend, or whose session is over. */
const WORN = new Set(["unauthorized", "token_expired", "token_invalid", "session_ended"]);

interface Call extends InternalAxiosRequestConfig {
  again?: boolean;
}

/** Carries every call: with the bearer's token and workspace, refreshed once for all calls that need it, errors as ApiError. */
export const instance = axios.create({ timeout: 30_000 });

instance.interceptors.request.use(async (call) => {
  let session = current();
  if (session.status === "in" && session.until - Date.now() < MARGIN * 1000) session = await refresh();
  if (session.status === "in") {
    call.headers.set("authorization", `Bearer ${session.token}`);
    const chosen = workspace();
    if (chosen !== null && !call.headers.has("ginnel-workspace")) call.headers.set("ginnel-workspace", String(chosen));
  }
  return call;
});

/** Calls for a picture or a file get their problems as files too. */
async function read(error: unknown): Promise<void> {
  const response = axios.isAxiosError(error) ? error.response : undefined;
  if (!(response?.data instanceof Blob) || !response.data.type.includes("json")) return;
  try {
    response.data = JSON.parse(await response.data.text()) as unknown;
  } catch {
    // What can't be read is said to be unexpected.
  }
}

instance.interceptors.response.use(undefined, async (error: unknown) => {
  await read(error);
  const failed = problem(error);
  const call = axios.isAxiosError(error) ? (error.config as Call | undefined) : undefined;
  // What nobody was signed in for, such as a wrong password, no new token mends.
  if (failed.status !== 401 || !call?.headers.has("authorization") || !WORN.has(failed.code)) throw failed;
  if (call.again) {
    end();
    throw failed;
  }
  const session = await refresh();
  if (session.status !== "in") throw failed;
  call.again = true;
  return instance.request(call);
});

export const createClientConfig: CreateClientConfig = (config) => ({
  ...config,
  axios: instance,
  baseURL: "",
  paramsSerializer: { indexes: null },
});
