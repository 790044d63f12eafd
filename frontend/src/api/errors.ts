import { isAxiosError } from "axios";
import { api as text } from "@/text/api";

interface ProblemBody {
  title?: string;
  detail?: string;
  code?: string;
  request_id?: string;
  errors?: readonly { pointer?: string; detail?: string }[];
}

/** What went wrong with a call: a problem of the API's (RFC 9457), or no answer at all (status 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** The API's stable code, or "unreachable". */
  readonly code: string;
  /** What is wrong with which field, by the field's name ("rules.0.target"). */
  readonly fields: Readonly<Record<string, string>>;
  readonly requestId: string | undefined;
  /** Seconds after which it may be tried again, where the API says so. */
  readonly retryAfter: number | undefined;

  constructor(status: number, body: ProblemBody, retryAfter?: number) {
    super(body.detail ?? body.title ?? text.unexpected);
    this.status = status;
    this.code = body.code ?? "unexpected";
    this.requestId = body.request_id;
    this.retryAfter = retryAfter;
    this.fields = Object.fromEntries(
      (body.errors ?? []).map(({ pointer = "", detail = "" }) => [pointer.replace(/^(#?\/|query:|path:|header:)/, "").replaceAll("/", "."), detail]),
    );
  }

  /** Whether nothing was wrong with the call itself, so that the same may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** See any failure as an ApiError. */
export function problem(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isAxiosError<ProblemBody>(error)) {
    const { response } = error;
    if (!response) return new ApiError(0, { code: "unreachable", detail: navigator.onLine ? text.unreachable : text.offline });
    const after = Number(response.headers["retry-after"]);
    const body = typeof response.data === "object" ? response.data : {};
    return new ApiError(response.status, body, Number.isFinite(after) ? after : undefined);
  }
  return new ApiError(-1, { code: "unexpected", detail: error instanceof Error ? error.message : text.unexpected });
}
